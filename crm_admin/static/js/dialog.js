// Dialogs: `data-dialog="id"` opens one, `data-confirm="question"` on a form or button asks before it goes on.
(() => {
  'use strict';
  const ask = document.getElementById('confirm-dialog');
  let answer = null;

  /** Ask; resolves to true or false. */
  function confirm(question, { label, tone = 'danger' } = {}) {
    const yes = ask.querySelector('[data-answer="yes"]');
    ask.querySelector('#confirm-text').textContent = question;
    yes.textContent = label || window.crm.text('continue');
    yes.className = `btn btn-${tone}`;
    ask.showModal();
    return new Promise((resolve) => { answer = resolve; });
  }

  function settle(result) {
    ask.close();
    answer?.(result);
    answer = null;
  }

  ask.addEventListener('cancel', (event) => { event.preventDefault(); settle(false); });
  ask.addEventListener('click', (event) => {
    const button = event.target.closest('[data-answer]');
    if (button) settle(button.dataset.answer === 'yes');
    else if (event.target === ask) settle(false);
  });

  // Capture, so the question comes before anything else that hears the submit or the click.
  document.addEventListener('submit', async (event) => {
    const form = event.target;
    const source = event.submitter?.dataset.confirm ? event.submitter : form;
    if (!source.dataset.confirm) return;
    if (form.dataset.confirmed) {
      delete form.dataset.confirmed;
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    if (await confirm(source.dataset.confirm, { label: source.dataset.confirmLabel, tone: source.dataset.confirmTone })) {
      form.dataset.confirmed = '1';
      form.requestSubmit(event.submitter);
    }
  }, true);

  document.addEventListener('click', async (event) => {
    const source = event.target.closest('[data-confirm]:not(form)');
    // A submit button asks on submit, above, so that Enter asks too.
    if (!source || (source.form && source.type === 'submit') || source.dataset.confirmed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (await confirm(source.dataset.confirm, { label: source.dataset.confirmLabel, tone: source.dataset.confirmTone })) {
      source.dataset.confirmed = '1';
      source.click();
      delete source.dataset.confirmed;
    }
  }, true);

  document.addEventListener('click', (event) => {
    const opener = event.target.closest('[data-dialog]');
    if (opener) document.getElementById(opener.dataset.dialog).showModal();
    const dialog = event.target.closest('dialog');
    if (dialog && dialog !== ask && (event.target.closest('[data-dialog-close]') || event.target === dialog)) dialog.close();
  });

  window.crm.confirm = confirm;
})();
