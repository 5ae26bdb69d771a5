// Events from the push process. One tab holds the connection (browsers allow six per host) and passes events on to the
// others. Each becomes a `crm:<type>` CustomEvent on the document with the event's fields as `detail`; `crm:resync` says
// that events were missed and what is shown should be fetched anew.
(() => {
  'use strict';
  const meta = document.querySelector('meta[name="push-url"]');
  if (!meta) return;
  const address = meta.content;
  // By user: a tab left open by one person must not feed the next who signs in on this machine.
  const name = `crm-push-${meta.dataset.user}`;
  const channel = new BroadcastChannel(name);
  let lastId = '';
  let wait = 1000;

  function dispatch(event) {
    document.dispatchEvent(new CustomEvent(`crm:${event.type}`, { detail: event }));
  }

  function deliver(event) {
    channel.postMessage({ event, lastId });
    dispatch(event);
  }

  channel.addEventListener('message', ({ data }) => {
    lastId = data.lastId;
    dispatch(data.event);
  });

  function backOff() {
    // Spread, so that a restart of the server is not answered by every browser at the same moment.
    const pause = wait * (0.5 + Math.random());
    wait = Math.min(wait * 2, 30000);
    return new Promise((resolve) => { setTimeout(resolve, pause); });
  }

  function url(poll) {
    const target = new URL(address, location.href);
    if (poll) target.pathname += '/poll';
    if (lastId) target.searchParams.set('after', lastId);
    return target;
  }

  /** Resolves when the browser has given the stream up: true when it had been open. */
  function stream() {
    return new Promise((resolve) => {
      const source = new EventSource(url(false));
      let opened = false;
      source.addEventListener('open', () => { opened = true; wait = 1000; });
      source.addEventListener('message', (message) => {
        lastId = message.lastEventId;
        deliver(JSON.parse(message.data));
      });
      source.addEventListener('error', () => {
        // A stream that broke is opened again by the browser, which knows where it stopped; a refused one is not.
        if (opened && source.readyState !== EventSource.CLOSED) return;
        source.close();
        resolve(opened);
      });
    });
  }

  /** For networks that hold streams back: one answer per request. False when the session is over. */
  async function poll() {
    const response = await fetch(url(true), { credentials: 'omit', cache: 'no-store' });
    if (response.status === 401) return false;
    if (!response.ok) throw new Error(String(response.status));
    const { after, resync, items } = await response.json();
    lastId = String(after);
    wait = 1000;
    if (resync) deliver({ type: 'resync' });
    items.forEach(deliver);
    return true;
  }

  async function lead() {
    let failures = 0;
    while (failures < 3) {
      failures = await stream() ? 0 : failures + 1;
      await backOff();
    }
    for (let alive = true; alive;) {
      alive = await poll().catch(() => backOff().then(() => true));
    }
  }

  // The lock is held as long as this tab lives; the next tab in line takes over by itself.
  navigator.locks.request(name, lead);
})();
