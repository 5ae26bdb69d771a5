// The browser's own phone: one Device of the Voice SDK, its registration, its one call. It knows neither the page nor
// the server; what happens it tells as events:
//   ready · lost · problem {reason} · ringing {uid} · opened · bad-line · good-line · muted {on} · closed {why}
(() => {
  'use strict';
  const REGISTER_MS = 10000;
  const TOKEN_PAUSE_MS = 10000;
  // Codes of the SDK: what a page can say about them.
  const TOKEN = [20101, 20103, 20104, 20151, 31201, 31204, 31205, 31207, 51007];
  const MICROPHONE = [31401, 31402, 31208];
  const ENDS = { 31486: 'number_busy', 31480: 'not_answered', 31404: 'no_such_number', 31002: 'refused', 31603: 'refused' };

  class BrowserPhone extends EventTarget {
    /** `options`: of the Device; `token()`: resolves to what the carrier accepts us by. */
    constructor(options, token) {
      super();
      this.options = options;
      this.token = token;
      this.device = null;
      this.call = null;
      this.wanted = false;
      this.renewed = 0;
    }

    get ready() {
      return this.device?.state === 'registered';
    }

    get busy() {
      return Boolean(this.call);
    }

    /** Ask for the microphone. Resolves to '' or to why there is none. Must follow a click. */
    static async microphone() {
      if (!navigator.mediaDevices) return 'insecure';
      try {
        const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
        stream.getTracks().forEach((track) => track.stop());
        return '';
      } catch (error) {
        return error.name === 'NotFoundError' ? 'no_microphone' : 'microphone';
      }
    }

    /** Register. Resolves to '' or to why it is not registered yet; it goes on trying. */
    async start() {
      this.wanted = true;
      this.device = new window.Twilio.Device(await this.token(), {
        closeProtection: true,
        tokenRefreshMs: 30000,
        maxCallSignalingTimeoutMs: 30000,
        enableImprovedSignalingErrorPrecision: true,
        ...this.options,
      });
      this.device.on('registered', () => this.tell('ready'));
      this.device.on('unregistered', () => { if (this.wanted) this.tell('lost'); });
      this.device.on('tokenWillExpire', () => this.renew());
      this.device.on('incoming', (call) => this.take(call, 'ringing'));
      this.device.on('error', (error) => this.failed(error));
      return this.register();
    }

    async register() {
      const late = new Promise((resolve) => { setTimeout(resolve, REGISTER_MS, 'unreachable'); });
      const tried = this.device.register().then(() => '', (error) => (TOKEN.includes(error?.code) ? 'token' : 'unreachable'));
      return Promise.race([tried, late]);
    }

    /** After sleep or a break: be reachable again. */
    async revive() {
      if (!this.device || this.device.state !== 'unregistered') return;
      await this.renew();
      if (this.device?.state === 'unregistered') await this.register();
    }

    /** A fresh token; at most one in ten seconds, or a refused one would be fetched for ever. */
    async renew() {
      if (!this.device || Date.now() - this.renewed < TOKEN_PAUSE_MS) return;
      this.renewed = Date.now();
      try {
        this.device.updateToken(await this.token());
      } catch (error) {
        this.tell('problem', { reason: error.status === 401 ? 'signed_out' : 'token' });
      }
    }

    stop() {
      this.wanted = false;
      this.device?.destroy();
      this.device = null;
      this.call = null;
    }

    async dial(uid) {
      if (!this.ready || this.call) return;
      this.take(await this.device.connect({ params: { call: uid } }), 'dialling', uid);
    }

    accept() {
      this.call?.accept();
    }

    reject() {
      this.call?.reject();
    }

    hangUp() {
      this.call?.disconnect();
    }

    mute(on) {
      this.call?.mute(on);
    }

    press(digits) {
      this.call?.sendDigits(digits);
    }

    take(call, begins, uid = call.customParameters.get('call') || '') {
      this.call = call;
      const over = (why) => {
        if (this.call !== call) return;
        this.call = null;
        this.tell('closed', { why, uid });
      };
      call.on('accept', () => this.tell('opened', { uid }));
      call.on('mute', (on) => this.tell('muted', { on }));
      call.on('reconnecting', () => this.tell('bad-line'));
      call.on('reconnected', () => this.tell('good-line'));
      call.on('disconnect', () => over(''));
      call.on('cancel', () => over('cancelled'));
      call.on('reject', () => over('declined'));
      call.on('error', (error) => {
        if (MICROPHONE.includes(error.code)) this.tell('problem', { reason: 'microphone' });
        else if (ENDS[error.code]) over(ENDS[error.code]);
        else if (call.status() === 'closed') over(error.message || String(error.code));
      });
      this.tell(begins, { uid });
    }

    failed(error) {
      if (TOKEN.includes(error.code)) this.renew();
      else if (!this.call && this.device?.state !== 'registered') this.tell('problem', { reason: 'unreachable' });
    }

    tell(type, detail = {}) {
      this.dispatchEvent(new CustomEvent(type, { detail }));
    }
  }

  window.BrowserPhone = BrowserPhone;
})();
