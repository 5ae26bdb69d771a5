// The side bar as a drawer on phones. Without script the links #menu and #main do the same through :target.
(() => {
  'use strict';
  const side = document.getElementById('menu');
  if (!side) return;
  const page = document.querySelector('.shell-page');
  let opener = null;

  function open(link) {
    opener = link;
    side.classList.add('is-open');
    page.inert = true;
    side.querySelector('a').focus();
  }

  function close() {
    side.classList.remove('is-open');
    page.inert = false;
    opener?.focus();
    opener = null;
  }

  document.addEventListener('click', (event) => {
    const link = event.target.closest('[data-menu-open], [data-menu-close]');
    if (!link) return;
    event.preventDefault();
    if ('menuOpen' in link.dataset) open(link);
    else close();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && opener) close();
  });
  window.matchMedia('(min-width: 992px)').addEventListener('change', () => { if (opener) close(); });
})();
