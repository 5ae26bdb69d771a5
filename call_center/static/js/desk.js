// The agent desk. The server says how the person stands; the browser's phone, when it is the phone, says what happens on
// it; this script shows the two as one and passes on what is pressed.
(() => {
  'use strict';
  const { request, report, toast } = window.crm;
  const { callCard, callBar, BrowserPhone, DeskTab } = window;
  const config = JSON.parse(document.getElementById('desk-config').textContent);
  const { text } = config;
  const root = document.getElementById('desk');
  const title = document.title;
  const ASLEEP_MS = 60000;
  const HICCUP_MS = 2000;
  const DONE_MS = 6000;

  let standing = config.standing;
  let skew = 0; // the server's clock against ours, ms
  let phone = null;
  let local = null; // {uid, phase: ringing | dialling | open | closed, since}: the call as the browser's phone has it
  let elsewhere = ''; // where the phone is, if not in this tab: 'tab' | 'computer'
  let name = '';
  let flags = { muted: false, bad: false };
  const asked = {}; // what the server was asked for and has not done yet: held, paused → {on, until}
  const dialled = new Set();
  let freeing = false;
  let note = null; // the system's own notification

  const tab = new DeskTab(config.user, { busy: () => Boolean(phone?.busy), stolen: handOver });

  // ---- the server ---------------------------------------------------------------------------------------------
  async function send(verb, values = {}, options = {}) {
    const body = new FormData();
    Object.entries({ tab: tab.id, ...values }).forEach(([key, value]) => body.set(key, value));
    return (await request(`/call-center/${verb}/`, { method: 'POST', body, ...options })).json();
  }

  async function refresh() {
    try {
      apply(await (await request(`/call-center/status/?tab=${tab.id}`)).json());
    } catch (error) {
      trouble(error);
    }
  }

  async function verb(path, values) {
    try {
      apply(await send(path, values));
    } catch (error) {
      report(error);
    }
  }

  /** What a request of the background that failed says of the line to the server. */
  function trouble(error) {
    if (error.status === 401) notice('server', text.signed_out, text.signed_out_text, text.sign_in, () => window.open('/login', '_blank'));
    else if (!error.status) notice('server', text.offline, text.offline_text);
  }

  function apply(fresh) {
    unnotice('server');
    standing = fresh;
    skew = Date.parse(fresh.now) - Date.now();
    const going = ['ringing', 'on_call'].includes(fresh.state);
    if (local?.phase === 'closed' && (!going || fresh.call?.uid !== local.uid)) local = null;
    if (phone && fresh.state === 'offline' && !phone.busy) disconnect();
    if (phone && fresh.device === 'browser' && !fresh.here && tab.leads && fresh.state !== 'offline') {
      // On another computer: no lock reaches there, only the server knows.
      disconnect();
      elsewhere = 'computer';
    }
    if (!going && !local) flags = { muted: false, bad: false };
    for (const [what, { on, until }] of Object.entries(asked)) {
      if (Date.now() > until || Boolean(fresh.call?.[what]) === on) delete asked[what];
    }
    render();
    if (!phone) lookAround();
    const { call } = fresh;
    // The word to dial may have been missed: while the call is only asked for, it is not too late.
    if (call?.direction === 'outbound' && call.status === 'requested' && fresh.state === 'ringing' && phone?.ready) dial(call);
  }

  /** Where the phone is when it is not here: in another tab, on another computer, or nowhere any more. */
  async function lookAround() {
    const other = await tab.other();
    const working = ['available', 'ringing', 'on_call'].includes(standing.state) && standing.device === 'browser';
    const found = other ? 'tab' : working && !standing.here ? 'computer' : '';
    if (phone || found === elsewhere || (found && standing.device !== 'browser')) return;
    elsewhere = found;
    render();
  }

  // ---- what is shown ------------------------------------------------------------------------------------------
  function mode() {
    const { state, call } = standing;
    if (elsewhere) return 'elsewhere';
    if (local) return { ringing: 'ringing', dialling: 'dialling', open: 'talking', closed: 'closing' }[local.phase];
    if (state === 'wrap_up') return 'wrap_up';
    if (call && (state === 'ringing' || state === 'on_call')) {
      if (!call.live) return 'closing';
      if (call.direction === 'outbound' && call.status !== 'talking') return 'dialling';
      return state === 'ringing' ? 'ringing' : 'talking';
    }
    if (state === 'offline' || state === 'not_responding') return 'off';
    if (standing.device === 'browser' && !phone) return 'off';
    return state === 'away' ? 'away' : 'idle';
  }

  function render() {
    const now = mode();
    root.dataset.mode = now;
    document.querySelectorAll('[data-when]').forEach((part) => { part.hidden = !part.dataset.when.split(' ').includes(now); });
    const key = local?.uid || standing.call?.uid;
    if (['ringing', 'dialling', 'talking', 'closing', 'wrap_up'].includes(now) && key) callCard.show(key);
    else if (!['ringing', 'dialling', 'talking', 'closing', 'wrap_up'].includes(now)) {
      name = '';
      callCard.clear();
    }
    callBar.show({ mode: now, name: name || '…', phase: phase(now), device: standing.device, connected: Boolean(phone?.busy), recorded: Boolean(standing.call?.recorded), ...states(), ...times(now) });
    presence();
    signOnPanel(now);
    announce(now);
  }

  function phase(now) {
    if (now === 'ringing') return standing.device === 'browser' && !phone?.busy ? text.connecting : text.incoming;
    if (now === 'dialling') return text.calling;
    if (now === 'wrap_up') return text.wrap_up;
    if (now === 'closing') return text.closing;
    if (flags.bad) return text.reconnecting;
    if (states().held) return text.on_hold;
    return flags.muted ? text.muted : text.talking;
  }

  /** What is switched on: as asked for, until the server has done it or not. */
  function states() {
    const on = (what) => asked[what]?.on ?? Boolean(standing.call?.[what]);
    return { held: on('held'), paused: on('paused'), ...flags };
  }

  function ours(iso) {
    return iso ? Date.parse(iso) - skew : 0;
  }

  function times(now) {
    if (now === 'wrap_up') return { until: ours(standing.wrap_up_until), since: 0 };
    if (now === 'talking') return { since: local?.since || ours(standing.call?.answered_at) || ours(standing.since) };
    return { since: now === 'closing' ? 0 : local?.since || ours(standing.since) };
  }

  function presence() {
    const dot = document.querySelector('[data-dot]');
    dot.className = `presence-dot is-${standing.state}`;
    const after = standing.next && document.querySelector(`[data-state="${standing.next}"] span:last-child`).textContent;
    const label = [standing.label, standing.state === 'away' && standing.reason_label].filter(Boolean).join(': ');
    document.querySelector('[data-state-label]').textContent = after ? `${label} · ${text.afterwards.replace('{state}', after)}` : label;
    document.querySelector('[data-away-reason]').textContent = standing.state === 'away' && standing.reason_label ? `: ${standing.reason_label}` : '';
    document.querySelector('[data-when="elsewhere"] .empty-title').textContent = elsewhere === 'computer' ? text.somewhere_else : text.another_tab;
    document.querySelector('[data-where]').textContent = standing.device === 'phone' ? text.at_phone.replace('{number}', standing.phone) : text.at_browser;
  }

  function signOnPanel(now) {
    const cause = document.getElementById('sign-on-cause');
    let why = '';
    if (now === 'off' && standing.state === 'not_responding') why = standing.reason_label;
    else if (now === 'off' && standing.state !== 'offline') why = text.resumed;
    cause.hidden = !why;
    cause.querySelector('.note-text').textContent = why;
    const device = document.querySelector('#sign-on [name="device"]:checked')?.value;
    document.querySelector('.sign-on-number').hidden = device !== 'phone';
  }

  /** A call that rings is seen from other tabs and programs too. */
  function announce(now) {
    const rings = now === 'ringing';
    document.title = rings ? `☎ ${name || text.incoming}` : title;
    if (rings && !note && document.hidden && window.Notification?.permission === 'granted') {
      note = new Notification(text.incoming, { body: name, tag: 'crm-call', requireInteraction: true });
      note.addEventListener('click', () => window.focus());
    } else if (!rings && note) {
      note.close();
      note = null;
    }
  }

  // ---- notices ------------------------------------------------------------------------------------------------
  function notice(key, heading, more, label, run) {
    unnotice(key);
    const item = document.getElementById('notice-template').content.firstElementChild.cloneNode(true);
    item.dataset.notice = key;
    item.classList.add(key === 'awake' ? 'note-info' : 'note-danger');
    item.querySelector('strong').textContent = heading;
    item.querySelector('.note-text span').textContent = more;
    const button = item.querySelector('button');
    button.hidden = !label;
    button.textContent = label || '';
    if (run) button.addEventListener('click', run);
    document.getElementById('desk-notices').append(item);
  }

  function unnotice(key) {
    document.querySelector(`[data-notice="${key}"]`)?.remove();
  }

  function problem(reason) {
    if (reason === 'signed_out') trouble({ status: 401 });
    else notice('phone', text[reason], text[`${reason}_text`], reason === 'unreachable' ? text.again : '', () => phone?.revive());
  }

  // ---- signing on ---------------------------------------------------------------------------------------------
  async function signOn(device, values, steal = false) {
    unnotice('phone');
    if (device === 'browser') {
      if (!await connect(steal)) return;
    } else if (phone) {
      disconnect();
    }
    elsewhere = '';
    apply(await send('sign-on', { device, ...values }));
  }

  /** Make this tab the phone. It takes a click: the microphone and the sound of ringing are given to no other. */
  async function connect(steal) {
    if (phone?.ready) return true;
    const refused = await BrowserPhone.microphone();
    if (refused) {
      problem(refused);
      return false;
    }
    if (window.Notification?.permission === 'default') window.Notification.requestPermission();
    if (!await tab.lead(steal)) {
      elsewhere = 'tab';
      render();
      return false;
    }
    disconnect(true);
    phone = listenTo(new BrowserPhone({ ...config.phone, sounds: config.sounds }, async () => (await send('token')).token));
    const wrong = await phone.start().catch((error) => (error.status ? error : 'unreachable'));
    if (wrong?.status) {
      disconnect();
      throw wrong;
    }
    if (wrong) {
      problem(wrong);
      if (wrong === 'token') disconnect();
      return false;
    }
    watchMicrophone();
    return true;
  }

  function disconnect(keep = false) {
    phone?.stop();
    phone = null;
    local = null;
    if (!keep) tab.leave();
  }

  function handOver() {
    disconnect();
    elsewhere = 'tab';
    render();
  }

  async function watchMicrophone() {
    const permission = await navigator.permissions?.query({ name: 'microphone' }).catch(() => null);
    if (!permission) return;
    permission.onchange = () => {
      if (permission.state !== 'denied' || !phone || phone.busy) return;
      problem('microphone');
      send('lost').then(apply, trouble);
      disconnect();
    };
  }

  // ---- the browser's phone ------------------------------------------------------------------------------------
  function listenTo(made) {
    const on = (type, call) => made.addEventListener(type, ({ detail }) => { if (made === phone) call(detail); });
    on('ready', back);
    on('lost', () => setTimeout(gone, HICCUP_MS));
    on('problem', ({ reason }) => problem(reason));
    on('ringing', ({ uid }) => begin('ringing', uid));
    on('dialling', ({ uid }) => begin('dialling', uid));
    on('opened', ({ uid }) => begin('open', uid));
    on('muted', (detail) => { flags.muted = detail.on; render(); });
    on('bad-line', () => { flags.bad = true; render(); });
    on('good-line', () => { flags.bad = false; render(); });
    on('closed', ({ why }) => close(why));
    return made;
  }

  function begin(phaseNow, uid) {
    local = { uid, phase: phaseNow, since: Date.now() };
    render();
    setTimeout(refresh, phaseNow === 'ringing' ? 0 : 700);
  }

  function close(why) {
    const answered = local?.phase === 'open';
    const known = { cancelled: text.caller_gone, declined: text.declined, number_busy: text.number_busy, not_answered: text.not_answered, no_such_number: text.no_such_number, refused: text.refused };
    if (why && !answered) toast(known[why] || text.ended_badly.replace('{reason}', why), 'warning');
    if (local) local.phase = 'closed';
    render();
    // The carrier's notice comes in a moment; should it be lost, nobody waits for it for ever.
    [300, 1500, 4000].forEach((ms) => setTimeout(refresh, ms));
    setTimeout(() => { if (local?.phase === 'closed') { local = null; render(); } }, 8000);
    lists();
  }

  function gone() {
    if (!phone || phone.ready) return;
    problem('unreachable');
    send('lost').then(apply, trouble);
  }

  function back() {
    unnotice('phone');
    if (standing.state === 'not_responding' && ['phone lost', 'the browser is gone'].includes(standing.reason)) signOn('browser', {}).catch(report);
  }

  // ---- keys ---------------------------------------------------------------------------------------------------
  async function control(what) {
    try {
      await request(`/call-center/calls/${local?.uid || standing.call.uid}/${what}/`, { method: 'POST' });
      return true;
    } catch (error) {
      report(error);
      return false;
    }
  }

  async function turn(what, on, off) {
    const now = !states()[what];
    if (await control(now ? on : off)) asked[what] = { on: now, until: Date.now() + DONE_MS };
  }

  async function hangUp() {
    // A customer who was on hold stands in a conference: our leaving it does not end their call.
    if ((!phone?.busy || standing.call?.joined) && await control('hang-up')) setTimeout(refresh, 1000);
    phone?.hangUp();
  }

  const keys = {
    accept: () => phone?.accept(),
    reject: () => phone?.reject(),
    mute: () => phone?.mute(!flags.muted),
    hold: () => turn('held', 'hold', 'resume'),
    recording: () => turn('paused', 'recording-pause', 'recording-resume'),
    'hang-up': hangUp,
    ready: async () => { await callCard.flush(); await verb('ready'); },
    'more-time': () => verb('more-time'),
  };

  document.addEventListener('desk:key', async ({ detail }) => {
    if (detail.digit) phone?.press(detail.digit);
    else {
      await keys[detail.verb]();
      render();
    }
  });

  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-state]');
    if (button && button.dataset.state) verb('state', { state: button.dataset.state, reason: button.dataset.reason || '' });
    if (event.target.closest('[data-take-over]')) takeOver();
  });

  async function takeOver() {
    const other = await tab.other();
    if (other?.busy && !await window.crm.confirm(text.busy_there, { label: text.take_over })) return;
    signOn('browser', {}, true).catch(report);
  }

  const form = document.getElementById('sign-on');
  form.addEventListener('change', render);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const wrong = document.getElementById('sign-on-phone-error');
    wrong.hidden = true;
    const values = Object.fromEntries(new FormData(form));
    event.submitter?.classList.add('is-busy');
    try {
      await signOn(values.device, { phone: values.phone || '' });
    } catch (error) {
      if (error.status === 422) {
        wrong.textContent = error.message;
        wrong.hidden = false;
        form.elements.phone.focus();
      } else report(error);
    } finally {
      event.submitter?.classList.remove('is-busy');
    }
  });

  // ---- what comes by push -------------------------------------------------------------------------------------
  document.addEventListener('crm:offer', ({ detail }) => {
    if (elsewhere || phone?.busy) return;
    // At once: the server is asked only while the card is already on its way.
    standing = { ...standing, state: 'ringing', since: new Date(Date.now() + skew).toISOString(), call: { id: detail.data.call, uid: detail.data.uid, direction: 'inbound', status: 'ringing', live: true } };
    render();
    refresh();
  });
  document.addEventListener('crm:call', () => { refresh(); lists(); });
  document.addEventListener('crm:agent', refresh);
  document.addEventListener('crm:missed', lists);
  document.addEventListener('crm:resync', () => { refresh(); lists(); });
  document.addEventListener('crm:dial', ({ detail }) => dial(detail.data));
  document.addEventListener('desk:dial', ({ detail }) => dial(detail));
  document.addEventListener('desk:card', ({ detail }) => { name = detail.name; render(); });

  function dial({ uid }) {
    if (dialled.has(uid)) return;
    if (phone?.ready && tab.leads) {
      dialled.add(uid);
      phone.dial(uid).catch((error) => close(error.message || ''));
    } else refresh();
  }

  // ---- beside the phone ---------------------------------------------------------------------------------------
  let listing = 0;
  function lists() {
    clearTimeout(listing);
    listing = setTimeout(async () => {
      try {
        const place = document.getElementById('desk-lists');
        place.innerHTML = await (await request('/call-center/lists/')).text();
        window.crm.ready(place);
      } catch (error) {
        trouble(error);
      }
    }, 800);
  }

  // A page opened in this tab would hang up: while it is the phone, links open in another.
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[href]');
    if (!phone || !link || link.target || link.getAttribute('href').startsWith('#') || link.protocol === 'tel:') return;
    link.target = '_blank';
    link.rel = 'noopener';
  }, true);

  // ---- time ---------------------------------------------------------------------------------------------------
  let lastTick = Date.now();
  let ticks = 0;
  new Worker(config.worker).addEventListener('message', async () => {
    const slept = Date.now() - lastTick > ASLEEP_MS;
    lastTick = Date.now();
    ticks += 1;
    if (slept && phone) {
      notice('awake', text.awake, text.awake_text);
      setTimeout(unnotice, 20000, 'awake');
      await phone.revive();
    }
    if (phone?.ready) send('beat').then(apply, trouble);
    else if (!document.hidden) refresh();
    if (ticks % 4 === 0 && !document.hidden) lists();
  });

  setInterval(() => {
    const since = ours(standing.since);
    document.querySelector('[data-state-time]').textContent = since ? callBar.clockFace(Math.max(0, Math.floor((Date.now() - since) / 1000))) : '';
    if (standing.state !== 'wrap_up' || freeing || Date.now() < ours(standing.wrap_up_until)) return;
    // Nobody's page is taken from under their fingers: what is being typed is finished first.
    if (document.activeElement?.matches('[data-note]') && Date.now() - typed < 8000) return;
    freeing = true;
    keys.ready().finally(() => { freeing = false; });
  }, 500);

  let typed = 0;
  document.addEventListener('input', () => { typed = Date.now(); });

  window.addEventListener('pagehide', () => {
    if (phone) send('lost', { why: 'closed' }, { keepalive: true }).catch(() => {});
  });
  window.addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
  window.addEventListener('online', refresh);

  async function start() {
    render();
    await refresh();
  }

  window.desk = { dial };
  start();
})();
