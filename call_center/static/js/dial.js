// Click to dial: a telephone number anywhere on a page calls it, through the phone its person has signed on at.
// The link stays a `tel:` link for everybody else, for a press with a modifier key, and without script.
(() => {
  'use strict';
  const RECORD = /^\/admin\/(contact|lead|account)\/(\d+)\//;

  /** The customer a number stands with, as `contact:7`, or ''. */
  function customerOf(link) {
    const named = link.closest('[data-customer]');
    if (named) return named.dataset.customer;
    const row = link.closest('[data-href]');
    const found = RECORD.exec(row ? row.dataset.href : location.pathname);
    return found ? `${found[1]}:${found[2]}` : '';
  }

  async function dial(link) {
    const body = new FormData();
    body.set('number', link.dataset.phone);
    body.set('customer', customerOf(link));
    link.classList.add('is-busy');
    try {
      const answer = await (await window.crm.post('/call-center/dial', body)).json();
      window.crm.toast(`${answer.message} ${answer.name}`.trim(), 'success');
    } catch (error) {
      refuse(error);
    } finally {
      link.classList.remove('is-busy');
    }
  }

  function refuse(error) {
    let told = {};
    try {
      told = JSON.parse(error.body);
    } catch {
      window.crm.report(error);
      return;
    }
    const item = window.crm.toast(told.error, 'danger');
    if (!told.sign_on) return;
    const desk = document.createElement('a');
    desk.href = '/call-center/';
    desk.textContent = window.crm.text('open_desk');
    item.querySelector('.toast-text').append(' ', desk);
  }

  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[data-phone]');
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (!link.classList.contains('is-busy')) dial(link);
  }, true);
})();
