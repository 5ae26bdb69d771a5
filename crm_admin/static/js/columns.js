// The list's two pop-overs: columns to show, in an order to drag (or arrow keys on the handle), and a filter builder whose
// operator and value controls come from the server. Both end in a plain GET form.
(() => {
  'use strict';
  const { request, report, ready } = window.crm;

  // ---- columns ------------------------------------------------------------------------------------------------
  for (const list of document.querySelectorAll('[data-columns]')) {
    window.Sortable.create(list, { handle: '[data-column-handle]', ghostClass: 'is-dragged', animation: 120 });
  }
  document.addEventListener('keydown', (event) => {
    const handle = event.target.closest('[data-column-handle]');
    if (!handle || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
    event.preventDefault();
    event.stopPropagation();
    const item = handle.closest('li');
    if (event.key === 'ArrowUp') item.previousElementSibling?.before(item);
    else item.nextElementSibling?.after(item);
    handle.focus();
  }, true);

  // ---- filters ------------------------------------------------------------------------------------------------
  let made = 0;

  function addRow(form) {
    const row = form.querySelector('[data-filter-template]').content.firstElementChild.cloneNode(true);
    row.dataset.index = String(made);
    made += 1;
    form.querySelector('[data-filter-rows]').append(row);
    ready(row);
    row.querySelector('[data-filter-field]').focus();
  }

  async function fillRow(row, field, op = '') {
    const place = row.querySelector('[data-filter-value]');
    const address = new URL(row.closest('form').dataset.filterBuilder, location.href);
    address.searchParams.set('field', field);
    address.searchParams.set('index', row.dataset.index);
    if (op) address.searchParams.set('op', op);
    place.replaceChildren();
    if (!field) return;
    try {
      const response = await request(address);
      const html = await response.text();
      // A slower answer for a field chosen earlier must not win.
      if (row.querySelector('[data-filter-field]').value !== field) return;
      place.innerHTML = html;
      ready(place);
    } catch (error) {
      report(error);
    }
  }

  document.addEventListener('click', (event) => {
    const form = event.target.closest('[data-filter-builder]');
    if (!form) return;
    if (event.target.closest('[data-filter-add]')) addRow(form);
    const button = event.target.closest('[data-filter-remove]');
    if (button) button.closest('[data-filter-row]').remove();
  });
  document.addEventListener('change', (event) => {
    if (event.target.matches('[data-filter-field]')) fillRow(event.target.closest('[data-filter-row]'), event.target.value);
    if (event.target.matches('[data-filter-op]')) {
      const row = event.target.closest('[data-filter-row]');
      fillRow(row, row.querySelector('[data-filter-field]').value, event.target.value);
    }
  });
  document.addEventListener('shown.bs.dropdown', (event) => {
    const form = event.target.parentElement.querySelector('[data-filter-builder]');
    if (form && !form.querySelector('[data-filter-row]')) addRow(form);
  });
})();
