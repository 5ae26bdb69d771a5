// The record page: small forms that add a related record in place.
document.addEventListener('click', (event) => {
  const cancel = event.target.closest('[data-quick-cancel]');
  if (cancel) cancel.closest('.quick-form').remove();
});

// A saved quick form goes; the time line is fetched anew beside the panels.
document.addEventListener('crm:saved', (event) => {
  const form = event.target.closest && event.target.closest('.quick-form');
  if (form) form.remove();
  const timeline = document.getElementById('timeline');
  if (timeline && window.htmx) {
    window.htmx.ajax('GET', `${window.location.pathname}history/`, { target: '#timeline', swap: 'outerHTML' });
  }
});
