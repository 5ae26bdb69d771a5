// Kanban: drag a card, or press m on it and use the arrows. The move shows at once and goes back when the server refuses.
// POST data-move-url with to (column), before (id of the card below, or empty), row_version.
// Answer: {row_version, columns: [{key, count_text, sum_text}]}; a refusal carries {message}.
(() => {
  'use strict';
  const { text, post, toast } = window.crm;
  const board = document.querySelector('[data-board]');
  const status = document.querySelector('[data-board-status]');
  let grabbed = null;

  function columnOf(card) {
    return card.closest('[data-board-column]');
  }

  function nameOf(column) {
    return column.querySelector('h2').textContent.trim();
  }

  function say(message) {
    status.textContent = message;
  }

  function placeOf(card) {
    return { parent: card.parentElement, next: card.nextElementSibling };
  }

  function put(card, place) {
    place.parent.insertBefore(card, place.next);
  }

  async function send(card, from) {
    const column = columnOf(card);
    const body = new FormData();
    body.set('to', column.dataset.boardColumn);
    body.set('before', card.nextElementSibling?.dataset.id || '');
    body.set('row_version', card.dataset.version);
    try {
      const response = await post(card.dataset.moveUrl + location.search, body);
      const data = await response.json();
      card.dataset.version = data.row_version;
      if (column !== from.parent.closest('[data-board-column]')) card.querySelector('.stale')?.remove();
      (data.columns || []).forEach(total);
      say(text('moved', { what: card.dataset.label, where: nameOf(column) }));
    } catch (error) {
      put(card, from);
      const stays = text('move_failed', { what: card.dataset.label, where: nameOf(columnOf(card)) });
      toast(`${error.message} ${stays}`, 'danger');
    }
  }

  function total({ key, count_text: count, sum_text: sum }) {
    const column = board.querySelector(`[data-board-column="${CSS.escape(key)}"]`);
    if (!column) return;
    column.querySelector('[data-board-count]').textContent = count;
    column.querySelector('[data-board-sum]').textContent = sum;
  }

  // ---- mouse and touch ----------------------------------------------------------------------------------------
  let from = null;
  for (const cards of board.querySelectorAll('[data-board-cards]')) {
    window.Sortable.create(cards, {
      group: 'board',
      draggable: '.board-card[data-move-url]',
      ghostClass: 'is-ghost',
      animation: window.matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 140,
      delay: 180,
      delayOnTouchOnly: true,
      touchStartThreshold: 6,
      onStart: ({ item }) => { from = placeOf(item); },
      onEnd: ({ item, from: source, to, oldIndex, newIndex }) => {
        if (source !== to || oldIndex !== newIndex) send(item, from);
      },
    });
  }

  // ---- keyboard -----------------------------------------------------------------------------------------------
  function grab(card) {
    grabbed = { card, from: placeOf(card) };
    card.classList.add('is-grabbed');
    say(text('moving', { what: card.dataset.label }));
  }

  function release(keep) {
    const { card, from: start } = grabbed;
    grabbed = null;
    card.classList.remove('is-grabbed');
    if (!keep) {
      put(card, start);
      say(text('move_cancelled'));
    } else if (card.parentElement !== start.parent || card.nextElementSibling !== start.next) {
      send(card, start);
    }
    card.focus();
  }

  function shift(card, key) {
    const columns = [...board.querySelectorAll('[data-board-column]')];
    const at = columns.indexOf(columnOf(card));
    if (key === 'ArrowUp') card.previousElementSibling?.before(card);
    else if (key === 'ArrowDown') card.nextElementSibling?.matches('.board-card') && card.nextElementSibling.after(card);
    else columns[at + (key === 'ArrowRight' ? 1 : -1)]?.querySelector('[data-board-cards]').prepend(card);
    card.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    card.focus();
    say(`${nameOf(columnOf(card))} ${[...card.parentElement.children].indexOf(card) + 1}`);
  }

  board.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const card = event.target.closest('.board-card');
    if (!card) return;
    if (grabbed) {
      if (event.key.startsWith('Arrow')) shift(grabbed.card, event.key);
      else if (event.key === 'Enter' || event.key === ' ') release(true);
      else if (event.key === 'Escape') release(false);
      else return;
    } else if (event.key === 'm' && card.dataset.moveUrl) grab(card);
    else if (event.key === 'Enter' && event.target === card) card.querySelector('a').click();
    else return;
    event.preventDefault();
  });
  board.addEventListener('focusout', (event) => {
    // Moving the node blurs it for a moment; only a real departure drops the card back.
    if (grabbed) setTimeout(() => { if (grabbed && !grabbed.card.contains(document.activeElement)) release(false); }, 50);
  });
})();
