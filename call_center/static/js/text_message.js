// Text messages: how long the one that is being typed is, and word of one that has come.
(() => {
  'use strict';
  const { request, toast, text } = window.crm;

  // The letters of GSM 03.38; one letter outside them makes the whole message UCS-2, with room for less.
  const GSM = new Set('@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà');
  const TWICE = new Set('^{}\\[~]|€');

  /** How many messages a text goes as: 160 letters in one or 153 in each of several; 70 or 67 outside GSM. */
  function parts(body) {
    const letters = [...body];
    const plain = letters.every((letter) => GSM.has(letter) || TWICE.has(letter));
    const length = plain ? letters.reduce((sum, letter) => sum + (TWICE.has(letter) ? 2 : 1), 0) : body.length;
    const [one, each] = plain ? [160, 153] : [70, 67];
    return length <= one ? 1 : Math.ceil(length / each);
  }

  function count(area) {
    const left = Number(area.dataset.textBody) - [...area.value].length;
    const many = parts(area.value);
    area.closest('.field').querySelector('[data-text-length]').textContent = text(many > 1 ? 'text_parts' : 'text_length', { left, parts: many });
  }

  document.addEventListener('input', (event) => {
    if (event.target.matches('[data-text-body]')) count(event.target);
  });
  document.querySelectorAll('[data-text-body]').forEach(count);

  // The event says no more than which message: what may be read of it is asked for.
  document.addEventListener('crm:text', async ({ detail }) => {
    let came;
    try {
      came = await (await request(`/call-center/texts/${detail.data.message}/toast/`)).json();
    } catch {
      return; // not for this person, or gone
    }
    const item = toast([text('text_came', { name: came.name }), came.text].filter(Boolean).join(': '), 'info');
    const open = document.createElement('a');
    open.href = came.url;
    open.textContent = text('text_open');
    item.querySelector('.toast-text').append(' ', open);
  });
})();
