// Which of a person's tabs is their phone: the one that holds the lock. Another may take it over; the first is told.
(() => {
  'use strict';
  const ANSWER_MS = 250;

  class DeskTab {
    /** `busy()`: whether this tab is in a call; `stolen()`: another tab has become the phone. */
    constructor(user, { busy, stolen }) {
      this.name = `crm-phone-${user}`;
      this.stolen = stolen;
      this.release = null;
      this.channel = new BroadcastChannel(this.name);
      this.channel.addEventListener('message', ({ data }) => {
        if (data === 'who' && this.leads) this.channel.postMessage({ busy: busy() });
      });
    }

    /** A name for this tab that a reload keeps. */
    get id() {
      let id = sessionStorage.getItem('desk-tab');
      if (!id) {
        id = crypto.randomUUID ? crypto.randomUUID() : String(Math.random()).slice(2).padEnd(16, '0');
        sessionStorage.setItem('desk-tab', id);
      }
      return id;
    }

    get leads() {
      return Boolean(this.release);
    }

    /** null: no other tab is the phone; else whether the one that is has a call. */
    async other() {
      if (this.leads) return null;
      const { held } = await navigator.locks.query();
      if (!held.some((lock) => lock.name === this.name)) return null;
      return new Promise((resolve) => {
        const answer = ({ data }) => { if ('busy' in Object(data)) done(data); };
        const done = (data) => {
          this.channel.removeEventListener('message', answer);
          resolve(data);
        };
        this.channel.addEventListener('message', answer);
        this.channel.postMessage('who');
        setTimeout(done, ANSWER_MS, { busy: false });
      });
    }

    /** Become the phone; resolves once it is so, false when another tab is and `steal` is not asked for. */
    lead(steal = false) {
      if (this.leads) return Promise.resolve(true);
      return new Promise((resolve) => {
        const options = steal ? { steal: true } : { ifAvailable: true };
        navigator.locks.request(this.name, options, (lock) => {
          if (!lock) return resolve(false);
          const held = new Promise((release) => { this.release = release; });
          resolve(true);
          return held;
        }).catch(() => {
          this.release = null;
          this.stolen();
        });
      });
    }

    leave() {
      this.release?.();
      this.release = null;
    }
  }

  window.DeskTab = DeskTab;
})();
