// What every page shares: `crm` (texts, requests, toasts) and small behaviours bound by data attributes.
// All listeners sit on the document, so content swapped in later works without set-up.
(() => {
  'use strict';
  const texts = JSON.parse(document.getElementById('ui-text').textContent);
  const csrf = document.querySelector('meta[name="csrf-token"]').content;
  const reasons = { 401: 'signed_out', 403: 'forbidden', 409: 'conflict', 412: 'conflict', 429: 'too_many' };

  function text(key, values = {}) {
    return Object.entries(values).reduce((line, [name, value]) => line.replace(`{${name}}`, value), texts[key]);
  }

  /** fetch of our own server. Rejects with {status, message, body} on any answer but 2xx, also when offline. */
  async function request(url, options = {}) {
    const headers = { 'X-CSRFToken': csrf, 'X-Requested-With': 'fetch', ...options.headers };
    let response;
    try {
      response = await fetch(url, { credentials: 'same-origin', ...options, headers });
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      throw { status: 0, message: text('offline'), body: '' };
    }
    if (response.redirected && new URL(response.url).pathname === '/login') {
      throw { status: 401, message: text('signed_out'), body: '' };
    }
    if (response.ok) return response;
    const body = await response.text();
    throw { status: response.status, message: reasonOf(response, body), body };
  }

  function reasonOf(response, body) {
    if ((response.headers.get('content-type') || '').includes('json')) {
      const data = JSON.parse(body);
      const own = data.message || data.detail;
      if (own) return own;
    }
    return text(reasons[response.status] || 'failed');
  }

  function post(url, body = new FormData()) {
    return request(url, { method: 'POST', body });
  }

  function report(error) {
    if (error.name === 'AbortError') return;
    toast(error.message || text('failed'), 'danger');
  }

  // ---- toasts -------------------------------------------------------------------------------------------------
  function toast(message, tone = 'info') {
    const item = document.getElementById('toast-template').content.firstElementChild.cloneNode(true);
    item.classList.add(`toast-${tone}`);
    item.querySelector('.toast-text').textContent = message;
    if (tone === 'danger') {
      item.setAttribute('role', 'alert');
      item.dataset.toastStay = '';
    }
    document.getElementById('toasts').append(item);
    arm(item);
    return item;
  }

  function arm(item) {
    if ('toastStay' in item.dataset) return;
    // An offer to undo stays long enough to be read and reached.
    const rest = item.querySelector('form, a, .toast-text button') ? 10000 : 5000;
    let timer = setTimeout(dismiss, rest, item);
    item.addEventListener('pointerenter', () => clearTimeout(timer));
    item.addEventListener('pointerleave', () => { timer = setTimeout(dismiss, 2000, item); });
    item.addEventListener('focusin', () => clearTimeout(timer));
  }

  function dismiss(item) {
    item.classList.add('is-leaving');
    setTimeout(() => item.remove(), 180);
  }

  // ---- times --------------------------------------------------------------------------------------------------
  const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: 'auto' });

  function freshen(time) {
    const seconds = (new Date(time.dateTime) - Date.now()) / 1000;
    const size = Math.abs(seconds);
    if (Number.isNaN(seconds) || size > 7 * 86400) return;
    if (size < 45) time.textContent = text('now');
    else if (size < 3600) time.textContent = relative.format(Math.round(seconds / 60), 'minute');
    else if (size < 86400) time.textContent = relative.format(Math.round(seconds / 3600), 'hour');
    else time.textContent = relative.format(Math.round(seconds / 86400), 'day');
  }

  function freshenAll(root = document) {
    root.querySelectorAll('time[data-relative]').forEach(freshen);
  }

  // ---- forms --------------------------------------------------------------------------------------------------
  const dirty = new Set();

  function grow(area) {
    if (CSS.supports('field-sizing', 'content')) return;
    area.style.height = 'auto';
    area.style.height = `${area.scrollHeight + 2}px`;
  }

  document.addEventListener('input', (event) => {
    touch(event.target.form);
    if (event.target.matches('textarea')) grow(event.target);
  });
  document.addEventListener('change', (event) => {
    touch(event.target.form);
    if (event.target.matches('[data-submit-on-change]')) event.target.form.requestSubmit();
  });

  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (event.defaultPrevented) return;
    if (form.dataset.busy) {
      event.preventDefault();
      return;
    }
    dirty.delete(form);
    if (form.method !== 'post') return;
    form.dataset.busy = '1';
    // A disabled button would drop its own name from the form, so only look and second press change.
    event.submitter?.classList.add('is-busy');
  });

  /** Count a form as changed, for changes that fire no input event. */
  function touch(form) {
    if (form && 'guard' in form.dataset) dirty.add(form);
  }

  function release() {
    document.querySelectorAll('form[data-busy]').forEach((form) => delete form.dataset.busy);
    document.querySelectorAll('.is-busy').forEach((button) => button.classList.remove('is-busy'));
  }

  window.addEventListener('pageshow', release);
  window.addEventListener('beforeunload', (event) => {
    for (const form of dirty) if (!form.isConnected) dirty.delete(form);
    if (dirty.size) event.preventDefault();
  });

  // ---- clicks -------------------------------------------------------------------------------------------------
  async function act(button) {
    button.classList.add('is-busy');
    try {
      const response = await post(button.dataset.action);
      if ((response.headers.get('content-type') || '').includes('json')) {
        const data = await response.json();
        if (data.redirect) location.assign(data.redirect);
        else if (data.message) toast(data.message, 'success');
      } else if (button.dataset.target) {
        swap(button.closest(button.dataset.target), await response.text());
      } else {
        location.reload();
      }
    } catch (error) {
      report(error);
    } finally {
      button.classList.remove('is-busy');
    }
  }

  /** Replace an element by HTML of our server and tell everybody that new content is there. */
  function swap(element, html) {
    const holder = document.createElement('template');
    holder.innerHTML = html;
    const fresh = [...holder.content.children];
    element.replaceWith(holder.content);
    fresh.forEach(ready);
  }

  /** Announce new content; look-ups, times and the like set themselves up on this event. */
  function ready(root) {
    freshenAll(root);
    root.dispatchEvent(new CustomEvent('crm:ready', { bubbles: true }));
  }

  document.addEventListener('click', (event) => {
    const target = event.target.closest('[data-toast-close], [data-action], [data-copy], [data-back], [data-print]');
    if (!target) return;
    if ('toastClose' in target.dataset) dismiss(target.closest('[data-toast]'));
    else if ('action' in target.dataset) { event.preventDefault(); act(target); }
    else if ('copy' in target.dataset) copy(target);
    else if ('back' in target.dataset) history.back();
    else window.print();
  });

  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      toast(text('copied'), 'success');
    } catch {
      toast(text('failed'), 'danger');
    }
  }

  // ---- htmx ---------------------------------------------------------------------------------------------------
  document.addEventListener('htmx:config:request', (event) => {
    event.detail.ctx.request.headers['X-CSRFToken'] = csrf;
  });
  document.addEventListener('htmx:before:request', (event) => showSkeleton(event.detail.ctx.target));
  document.addEventListener('htmx:response:error', () => toast(text('failed'), 'danger'));
  document.addEventListener('htmx:error', () => toast(text('offline'), 'danger'));
  document.addEventListener('htmx:after:swap', (event) => { release(); ready(event.target.isConnected ? event.target : document.body); });

  function showSkeleton(target) {
    const skeleton = target?.dataset?.skeleton;
    if (skeleton) target.replaceChildren(document.getElementById(skeleton).content.cloneNode(true));
  }

  // ---- start --------------------------------------------------------------------------------------------------
  document.querySelectorAll('[data-toast]').forEach(arm);
  document.querySelectorAll('form[data-guard="dirty"]').forEach((form) => dirty.add(form));
  document.querySelectorAll('textarea').forEach(grow);
  document.querySelector('[data-focus]')?.focus();
  freshenAll();
  setInterval(freshenAll, 30000);

  // A reminder that the push process brings: stays until it is closed, and leads to the task.
  document.addEventListener('crm:reminder', ({ detail }) => {
    const item = toast('', 'warning');
    item.dataset.toastStay = '';
    const link = document.createElement('a');
    link.href = detail.data.url;
    link.textContent = detail.data.title;
    item.querySelector('.toast-text').append(link);
  });

  window.crm = { text, request, post, report, toast, swap, ready, touch };
})();
