// Home: "done" on a task, without leaving the page.
(() => {
  'use strict';
  const { post, report, toast, text } = window.crm;

  document.addEventListener('submit', async (event) => {
    const form = event.target.closest('[data-done]');
    if (!form) return;
    event.preventDefault();
    const row = form.closest('.work-row');
    row.classList.add('is-busy');
    try {
      await post(form.action, new FormData(form));
      row.remove();
      toast(text('saved'), 'success');
    } catch (error) {
      row.classList.remove('is-busy');
      report(error);
    }
  });
})();
