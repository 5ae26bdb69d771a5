// The card of a call: fetched once it rings, the note saved as it is typed, everything else one click.
(() => {
  'use strict';
  const { request, post, report, ready } = window.crm;
  const place = document.getElementById('call-card');
  const texts = JSON.parse(document.getElementById('desk-config').textContent).text;
  const PAUSE_MS = 500;
  const RETRY_MS = 4000;
  let wanted = '';
  let timer = 0;
  let unsaved = null; // {url, note}

  const card = () => place.querySelector('.call-card');
  const form = (values) => {
    const data = new FormData();
    Object.entries(values).forEach(([name, value]) => data.set(name, value));
    return data;
  };

  /** Show the card of a call, by id or uid; the same one again changes nothing. */
  async function show(key) {
    const shown = card();
    if (wanted === key || (shown && (shown.dataset.call === key || shown.dataset.uid === key))) return;
    flush();
    wanted = key;
    place.replaceChildren(document.getElementById('card-skeleton').content.cloneNode(true));
    await load(`/call-center/calls/${encodeURIComponent(key)}/card/`, () => wanted === key);
  }

  async function load(url, still = () => true) {
    try {
      const html = await (await request(url)).text();
      if (still()) put(html);
    } catch (error) {
      wanted = '';
      if (still()) place.replaceChildren();
      report(error);
    }
  }

  function put(html) {
    const note = place.querySelector('[data-note]');
    const typed = note && { text: note.value, from: note.selectionStart, to: note.selectionEnd, here: document.activeElement === note };
    const before = card()?.dataset.call;
    place.innerHTML = html;
    ready(place);
    window.htmx?.process(place);
    // The card comes anew when the customer is chosen: what is being typed stays under the fingers.
    const fresh = place.querySelector('[data-note]');
    if (fresh && typed && before === card().dataset.call) {
      fresh.value = typed.text;
      fresh.setSelectionRange(typed.from, typed.to);
      if (typed.here) fresh.focus();
    }
    place.dispatchEvent(new CustomEvent('desk:card', { bubbles: true, detail: { name: card()?.dataset.name || '' } }));
  }

  function clear() {
    flush();
    wanted = '';
    place.replaceChildren();
  }

  // ---- the note -----------------------------------------------------------------------------------------------
  function say(text, tone = '') {
    const state = place.querySelector('[data-note-state]');
    if (!state) return;
    state.textContent = text;
    state.classList.toggle('is-wrong', tone === 'wrong');
  }

  async function flush(keepalive = false) {
    clearTimeout(timer);
    const sent = unsaved;
    if (!sent) return;
    unsaved = null;
    say(texts.saving);
    try {
      await request(sent.url, { method: 'POST', body: form({ note: sent.note }), keepalive });
      if (!unsaved) say(texts.saved);
    } catch (error) {
      if (error.status === 422) {
        say(error.message, 'wrong');
        return;
      }
      unsaved = unsaved || sent;
      say(texts.not_saved, 'wrong');
      timer = setTimeout(flush, RETRY_MS);
    }
  }

  document.addEventListener('input', (event) => {
    if (!event.target.matches('[data-note]')) return;
    unsaved = { url: `${card().dataset.base}note/`, note: event.target.value };
    say('');
    clearTimeout(timer);
    timer = setTimeout(flush, PAUSE_MS);
  });
  document.addEventListener('focusout', (event) => { if (event.target.matches('[data-note]')) flush(); });
  // Out of the note by Esc: the keys of the phone work again.
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && event.target.matches('[data-note]')) event.target.blur();
  });
  window.addEventListener('pagehide', () => flush(true));
  window.addEventListener('beforeunload', (event) => { if (unsaved) event.preventDefault(); });

  // ---- one click ----------------------------------------------------------------------------------------------
  async function doing(button, work) {
    button.classList.add('is-busy');
    try {
      await work();
    } catch (error) {
      report(error);
    } finally {
      button.classList.remove('is-busy');
    }
  }

  async function outcome(button) {
    const chosen = button.getAttribute('aria-pressed') !== 'true';
    await post(`${card().dataset.base}note/`, form({ disposition: chosen ? button.dataset.outcome : '' }));
    place.querySelectorAll('[data-outcome]').forEach((other) => other.setAttribute('aria-pressed', String(chosen && other === button)));
  }

  async function followUp(button) {
    const { message, url } = await (await post(`${card().dataset.base}follow-up/`)).json();
    button.disabled = true;
    const done = place.querySelector('[data-follow-up-done]');
    done.replaceChildren(Object.assign(document.createElement('a'), { href: url, textContent: message }));
  }

  async function change(verb, values) {
    await flush();
    put(await (await post(`${card().dataset.base}${verb}/`, form(values))).text());
  }

  place.addEventListener('click', (event) => {
    const button = event.target.closest('button');
    if (!button) return;
    const { dataset } = button;
    if ('outcome' in dataset) doing(button, () => outcome(button));
    else if ('followUp' in dataset) doing(button, () => followUp(button));
    else if (dataset.cardPost) doing(button, () => change(dataset.cardPost, { entity: dataset.entity || '', id: dataset.id || '' }));
    else if ('cardChoose' in dataset) doing(button, () => load(`${card().dataset.base}card/?choose=1`));
    else if ('cardReload' in dataset) doing(button, () => load(`${card().dataset.base}card/`));
    else if (dataset.cardNew) open(button, document.getElementById(`new-${dataset.cardNew}`));
  });

  function open(button, fields) {
    place.querySelectorAll('[data-card-create]').forEach((other) => { other.hidden = other !== fields || !fields.hidden; });
    place.querySelectorAll('[data-card-new]').forEach((other) => other.setAttribute('aria-expanded', String(other === button && !fields.hidden)));
    if (!fields.hidden) fields.querySelector('input:not([type="hidden"])').focus();
  }

  place.addEventListener('change', (event) => {
    const select = event.target.closest('select[data-lookup-of]');
    if (select?.value) doing(select, () => change('link', { entity: select.form.elements.entity.value, id: select.value }));
  });

  place.addEventListener('submit', async (event) => {
    const fields = event.target.closest('[data-card-create]');
    if (!fields && !event.target.closest('[data-card-link]')) return;
    event.preventDefault();
    if (!fields) return;
    const wrong = fields.querySelector('.field-error');
    wrong.hidden = true;
    try {
      await change('create', Object.fromEntries(new FormData(fields)));
    } catch (error) {
      wrong.textContent = error.message;
      wrong.hidden = false;
    }
  });

  window.callCard = { show, clear, flush };
})();
