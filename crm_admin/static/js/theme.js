// Loaded first and not deferred, so the page never flashes in the wrong colours.
(() => {
  'use strict';
  const root = document.documentElement;
  const dark = window.matchMedia('(prefers-color-scheme: dark)');

  function apply() {
    const chosen = root.dataset.theme;
    const resolved = chosen === 'auto' ? (dark.matches ? 'dark' : 'light') : chosen;
    root.setAttribute('data-bs-theme', resolved);
    const secure = location.protocol === 'https:' ? '; secure' : '';
    document.cookie = `theme_resolved=${resolved}; path=/; max-age=31536000; samesite=lax${secure}`;
  }

  root.classList.add('js');
  apply();
  dark.addEventListener('change', apply);

  // The switch in the user menu: at once here, and kept on the server.
  document.addEventListener('submit', (event) => {
    if (!event.target.matches('[data-theme-form]') || !event.submitter) return;
    event.preventDefault();
    root.dataset.theme = event.submitter.value;
    apply();
    for (const button of event.target.querySelectorAll('[name="theme"]')) {
      button.setAttribute('aria-pressed', String(button === event.submitter));
    }
    window.crm.post(event.target.action, new FormData(event.target, event.submitter)).catch(window.crm.report);
  });
})();
