// Rows of children inside a form: `[data-rows="key"]` with a <template data-row-template> whose names hold
// `key-__index__-field`. A new row can be removed at once; a stored one (it has an id) is marked `key-n-delete`.
(() => {
  'use strict';

  function listOf(block) {
    return block.querySelector('[data-rows-list]');
  }

  function add(block) {
    const html = block.querySelector('[data-row-template]').innerHTML;
    const holder = document.createElement('template');
    holder.innerHTML = html.replaceAll('__index__', String(listOf(block).children.length));
    const row = holder.content.firstElementChild;
    listOf(block).append(row);
    window.crm.ready(row);
    row.querySelector('.ts-control input, .form-control, .form-select')?.focus();
    window.crm.touch(block.closest('form'));
  }

  function remove(row) {
    const block = row.closest('[data-rows]');
    const id = row.querySelector(`input[name$="-id"]`);
    if (id?.value) mark(block, row);
    else {
      row.remove();
      renumber(block);
      block.querySelector('[data-row-add]').focus();
    }
    window.crm.touch(block.closest('form'));
  }

  function mark(block, row) {
    const flag = row.querySelector('[data-row-delete]');
    if (flag) flag.remove();
    else {
      const index = [...listOf(block).children].indexOf(row);
      row.append(Object.assign(document.createElement('input'), { type: 'hidden', name: `${block.dataset.rows}-${index}-delete`, value: '1' }));
      row.lastElementChild.dataset.rowDelete = '';
    }
    row.classList.toggle('is-removed', !flag);
    row.querySelector('[data-row-remove]').setAttribute('aria-pressed', String(!flag));
  }

  // Names count from 0 without holes, in the order on the screen.
  function renumber(block) {
    const pattern = new RegExp(`^(${block.dataset.rows})-\\d+-`);
    [...listOf(block).children].forEach((row, index) => {
      for (const element of row.querySelectorAll('[name], [id], [for], [aria-describedby]')) {
        for (const name of ['name', 'id', 'for', 'aria-describedby']) {
          const value = element.getAttribute(name);
          if (value) element.setAttribute(name, value.replace(pattern, `$1-${index}-`));
        }
      }
    });
  }

  document.addEventListener('click', (event) => {
    if (event.target.closest('[data-row-add]')) add(event.target.closest('[data-rows]'));
    const button = event.target.closest('[data-row-remove]');
    if (button) remove(button.closest('[data-row]'));
  });
})();
