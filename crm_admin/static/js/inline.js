// Inline edit of one value: `[data-edit-url]`. GET gives the form fragment; POST answers 200 with the new content,
// 422 with the form and its error, 409 with both values. What was typed is never thrown away.
(() => {
  'use strict';
  const { request, post, report, ready } = window.crm;
  const before = new WeakMap();

  function placeOf(form) {
    return form.closest('[data-edit-url]');
  }

  async function open(place) {
    if (before.has(place)) return;
    before.set(place, place.innerHTML);
    place.classList.add('is-loading');
    try {
      const response = await request(place.dataset.editUrl);
      fill(place, await response.text());
    } catch (error) {
      before.delete(place);
      report(error);
    } finally {
      place.classList.remove('is-loading');
    }
  }

  function fill(place, html) {
    place.innerHTML = html;
    ready(place);
    const control = place.querySelector('.ts-control input, .form-control, .form-select, .form-check-input');
    control?.focus();
    control?.select?.();
  }

  function show(place, html) {
    const trigger = triggerIn(before.get(place));
    before.delete(place);
    place.innerHTML = html;
    if (trigger && !place.querySelector('.edit-trigger')) place.append(trigger);
    ready(place);
    place.querySelector('.edit-trigger')?.focus();
  }

  function triggerIn(html) {
    const holder = document.createElement('template');
    holder.innerHTML = html;
    return holder.content.querySelector('.edit-trigger');
  }

  function cancel(place) {
    show(place, before.get(place));
  }

  async function save(form, submitter) {
    const place = placeOf(form);
    place.classList.add('is-loading');
    try {
      const response = await post(form.action, new FormData(form, submitter));
      show(place, await response.text());
      place.dispatchEvent(new CustomEvent('crm:saved', { bubbles: true }));
    } catch (error) {
      if ((error.status === 422 || error.status === 409) && error.body.includes('data-inline-form')) fill(place, error.body);
      else report(error);
    } finally {
      place.classList.remove('is-loading');
    }
  }

  document.addEventListener('click', (event) => {
    if (event.target.closest('[data-inline-cancel]')) cancel(placeOf(event.target));
    else if (event.target.closest('[data-inline-reload]')) location.reload();
    else {
      const place = event.target.closest('[data-edit-url]');
      if (!place || event.target.closest('form, a, input, select, textarea')) return;
      // In a row a click opens the record; there the pencil edits.
      if (event.target.closest('.edit-trigger') || !place.closest('tr[data-href]')) {
        if (!String(window.getSelection())) open(place);
      }
    }
  });
  document.addEventListener('submit', (event) => {
    if (!event.target.matches('[data-inline-form]')) return;
    event.preventDefault();
    // The list around a cell is a form too; its own submit must not hear this one.
    event.stopPropagation();
    save(event.target, event.submitter);
  }, true);
  document.addEventListener('keydown', (event) => {
    const form = event.target.closest('[data-inline-form]');
    if (!form || event.isComposing) return;
    if (event.key === 'Escape' && !form.querySelector('.dropdown-active')) cancel(placeOf(form));
    if (event.key === 'Enter' && event.target.matches('textarea') && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
})();
