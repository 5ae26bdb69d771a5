// Lists: a row opens its record, check boxes gather rows for a bulk action.
(() => {
  'use strict';
  const inert = 'a, button, input, select, textarea, label, summary, form, [contenteditable], [data-no-open]';

  function rowOf(event) {
    if (event.target.closest(inert) || String(window.getSelection())) return null;
    return event.target.closest('tr[data-href]');
  }

  document.addEventListener('click', (event) => {
    const row = rowOf(event);
    if (!row || event.defaultPrevented) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey) window.open(row.dataset.href, '_blank', 'noopener');
    else location.assign(row.dataset.href);
  });
  document.addEventListener('auxclick', (event) => {
    const row = event.button === 1 && rowOf(event);
    if (row) window.open(row.dataset.href, '_blank', 'noopener');
  });

  // ---- choosing rows ------------------------------------------------------------------------------------------
  let last = null;

  function boxes(list) {
    return [...list.querySelectorAll('[data-check-row]')];
  }

  function refresh(list) {
    const all = boxes(list);
    const chosen = all.filter((box) => box.checked);
    all.forEach((box) => box.closest('tr').classList.toggle('is-checked', box.checked));
    const head = list.querySelector('[data-check-all]');
    head.checked = all.length > 0 && chosen.length === all.length;
    head.indeterminate = chosen.length > 0 && !head.checked;
    const bar = list.querySelector('[data-bulk-bar]');
    bar.classList.toggle('is-active', chosen.length > 0);
    bar.querySelector('[data-bulk-count]').textContent = window.crm.text('selected', { n: chosen.length });
  }

  function range(all, from, to, checked) {
    const [start, end] = [all.indexOf(from), all.indexOf(to)].sort((a, b) => a - b);
    all.slice(start, end + 1).forEach((box) => { box.checked = checked; });
  }

  document.addEventListener('click', (event) => {
    const box = event.target.closest('[data-check-row]');
    const list = box?.closest('[data-bulk]');
    if (!list) return;
    if (event.shiftKey && last?.isConnected) range(boxes(list), last, box, box.checked);
    last = box;
    refresh(list);
  });
  document.addEventListener('change', (event) => {
    const list = event.target.closest('[data-bulk]');
    if (!list) return;
    if (event.target.matches('[data-check-all]')) boxes(list).forEach((box) => { box.checked = event.target.checked; });
    if (event.target.matches('[data-check-all], [data-check-row]')) refresh(list);
  });
  document.addEventListener('click', (event) => {
    const clear = event.target.closest('[data-bulk-clear]');
    if (!clear) return;
    const list = clear.closest('[data-bulk]');
    boxes(list).forEach((box) => { box.checked = false; });
    refresh(list);
  });

  // A table that fits scrolls with the page, which lets its head stick below the top bar.
  const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => fit(target)));

  function fit(wrap) {
    const table = wrap.querySelector('table');
    wrap.classList.toggle('fits', table !== null && table.scrollWidth <= wrap.clientWidth);
  }

  function watch(root) {
    root.querySelectorAll('.table-wrap').forEach((wrap) => sizes.observe(wrap));
    root.querySelectorAll('[data-bulk]').forEach(refresh);
  }

  document.addEventListener('crm:ready', (event) => watch(event.target));
  window.addEventListener('pageshow', () => watch(document));
})();
