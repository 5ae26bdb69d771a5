// The record page: small forms that add a related record in place, and what is fetched anew when something happened.
(() => {
  'use strict';
  const LINES = 30;  // of one page of the history
  const base = window.location.pathname;

  function fetchHistory() {
    const timeline = document.getElementById('timeline');
    if (!timeline || !window.htmx) return;
    const kind = timeline.querySelector('.pill[aria-current]');
    window.htmx.ajax('GET', kind ? kind.href : `${base}history/`, { target: '#timeline', swap: 'outerHTML' });
  }

  /** Whether fetching it anew would take something away from under the reader's hands. */
  function isInUse(element) {
    const read = element.querySelectorAll('.timeline > li:not(.timeline-day, .timeline-more)').length;
    return element.contains(document.activeElement) || read > LINES || element.querySelector('.quick-form');
  }

  document.addEventListener('click', (event) => {
    const cancel = event.target.closest('[data-quick-cancel]');
    if (cancel) cancel.closest('.quick-form').remove();
    const news = event.target.closest('.history-news');
    if (news) {
      news.remove();
      fetchHistory();
    }
  });

  // A saved quick form goes; the time line is fetched anew beside the panels.
  document.addEventListener('crm:saved', (event) => {
    const form = event.target.closest && event.target.closest('.quick-form');
    if (form) form.remove();
    fetchHistory();
  });

  document.addEventListener('crm:behind', () => {
    const timeline = document.getElementById('timeline');
    const panels = document.getElementById('panels');
    if (timeline && !isInUse(timeline)) fetchHistory();
    else if (timeline && !document.querySelector('.history-news')) {
      timeline.before(document.getElementById('history-news').content.cloneNode(true));
    }
    if (panels && window.htmx && !isInUse(panels)) {
      window.htmx.ajax('GET', `${base}panels/`, { target: '#panels', swap: 'innerHTML' });
    }
  });
})();
