// An open record hears of writes to it: `[data-watch]` says so to the server and shows what others changed meanwhile;
// `crm:behind` on the document says that the rest of the page may be fetched anew. A page that nobody uses is quiet.
(() => {
  'use strict';
  const place = document.querySelector('[data-watch]');
  if (!place || !document.querySelector('meta[name="push-url"]')) return;
  const { post } = window.crm;
  const FIRST_MS = 2000;  // who only passes through costs nothing
  const GATHER_MS = 800;  // one answer to several writes
  const UNUSED_MS = 30 * 60 * 1000;
  let used = Date.now();
  let looked = 0;
  let behind = false;
  let timer = 0;
  let shown = '';

  function show(html) {
    if (html === shown) return;
    shown = html;
    place.innerHTML = html;
    window.crm.ready(place);
  }

  async function look() {
    looked = Date.now();
    const body = new FormData();
    body.set('row_version', place.dataset.version);
    if ('editing' in place.dataset) body.set('editing', '1');
    try {
      const response = await post(place.dataset.watch, body);
      show(response.status === 204 ? '' : await response.text());
      return true;
    } catch (error) {
      // Anything else, like a server that is away for a moment, is no news.
      if (error.status === 404) show(document.getElementById('record-gone').innerHTML);
      return false;
    }
  }

  function isUsed() {
    return !document.hidden && Date.now() - used < UNUSED_MS;
  }

  async function catchUp() {
    behind = !isUsed();
    if (!behind && await look()) document.dispatchEvent(new CustomEvent('crm:behind'));
  }

  function refresh() {
    clearTimeout(timer);
    timer = setTimeout(catchUp, GATHER_MS * (1 + Math.random()));
  }

  function use() {
    used = Date.now();
    if (looked && !document.hidden && (behind || used - looked > UNUSED_MS)) {
      looked = used;
      refresh();
    }
  }

  document.addEventListener('crm:record.touched', ({ detail }) => {
    if (`${detail.entity}:${detail.record_id}` === place.dataset.subject) refresh();
  });
  document.addEventListener('crm:resync', refresh);
  for (const type of ['pointerdown', 'keydown', 'visibilitychange']) document.addEventListener(type, use);
  setTimeout(() => {
    if (isUsed()) look();
    else behind = true;
    looked = Date.now();
  }, FIRST_MS);
})();
