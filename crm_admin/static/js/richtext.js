// An editor over `textarea[data-richtext]`. The text area stays the form's control and holds the HTML; the server cleans it
// again, with the same short list of elements.
(() => {
  'use strict';
  const kept = new Set(['P', 'BR', 'HR', 'STRONG', 'B', 'EM', 'I', 'U', 'S', 'H2', 'H3', 'H4', 'UL', 'OL', 'LI', 'BLOCKQUOTE', 'PRE', 'CODE', 'A',
    'TABLE', 'THEAD', 'TBODY', 'TR', 'TH', 'TD']);
  const dropped = new Set(['SCRIPT', 'STYLE', 'TEMPLATE', 'IFRAME', 'OBJECT', 'SVG', 'TITLE']);
  const blocks = { DIV: 'p', H1: 'h2', H5: 'h4', H6: 'h4' };

  /** The allowed part of some HTML, as nodes. */
  function cleaned(html) {
    const target = document.createDocumentFragment();
    copy(new DOMParser().parseFromString(html, 'text/html').body, target);
    return target;
  }

  function copy(source, target) {
    for (const node of source.childNodes) {
      if (node.nodeType === Node.TEXT_NODE) target.append(node.data);
      else if (node.nodeType === Node.ELEMENT_NODE && !dropped.has(node.tagName.toUpperCase())) {
        const name = blocks[node.tagName] || (kept.has(node.tagName) ? node.tagName : '');
        const inner = name ? document.createElement(name) : target;
        if (node.tagName === 'A' && /^(https?:|mailto:|tel:)/i.test(node.getAttribute('href') || '')) inner.href = node.getAttribute('href');
        copy(node, inner);
        if (name) target.append(inner);
      }
    }
  }

  function build(area) {
    const shell = document.getElementById('rich-template').content.firstElementChild.cloneNode(true);
    const editor = shell.querySelector('.rich-area');
    const label = document.querySelector(`label[for="${CSS.escape(area.id)}"]`);
    editor.setAttribute('aria-label', area.getAttribute('aria-label') || label?.textContent.trim() || '');
    for (const name of ['aria-describedby', 'aria-invalid']) {
      if (area.hasAttribute(name)) editor.setAttribute(name, area.getAttribute(name));
    }
    label?.addEventListener('click', () => editor.focus());
    editor.append(cleaned(area.value));
    area.hidden = true;
    // A hidden control cannot be pointed at by the browser's own check; the server's word is shown instead.
    area.required = false;
    area.after(shell);
    editor.addEventListener('input', () => store(area, editor));
    editor.addEventListener('paste', (event) => paste(event, editor));
    shell.addEventListener('click', (event) => command(event, editor));
    editor.addEventListener('keyup', () => mark(shell));
    editor.addEventListener('pointerup', () => mark(shell));
  }

  function store(area, editor) {
    area.value = editor.textContent.trim() ? editor.innerHTML : '';
    area.dispatchEvent(new Event('input', { bubbles: true }));
  }

  function paste(event, editor) {
    event.preventDefault();
    const plain = event.clipboardData.getData('text/plain');
    const rich = event.clipboardData.getData('text/html');
    const range = getSelection();
    if (!range.isCollapsed && /^https?:\/\/\S+$/.test(plain)) document.execCommand('createLink', false, plain);
    else if (rich) {
      const holder = document.createElement('div');
      holder.append(cleaned(rich));
      document.execCommand('insertHTML', false, holder.innerHTML);
    } else document.execCommand('insertText', false, plain);
    editor.dispatchEvent(new Event('input', { bubbles: true }));
  }

  function command(event, editor) {
    const button = event.target.closest('[data-rich]');
    if (!button) return;
    editor.focus();
    if (button.dataset.rich === 'createLink') link(button);
    else document.execCommand(button.dataset.rich, false, button.value || undefined);
    editor.dispatchEvent(new Event('input', { bubbles: true }));
    mark(button.parentElement);
  }

  function link(button) {
    const selection = getSelection();
    const range = selection.rangeCount ? selection.getRangeAt(0) : null;
    const address = window.prompt(button.dataset.question, 'https://');
    if (!address || !range) return;
    selection.removeAllRanges();
    selection.addRange(range);
    document.execCommand('createLink', false, address);
  }

  function mark(shell) {
    for (const button of shell.querySelectorAll('[data-rich-state]')) {
      button.setAttribute('aria-pressed', String(document.queryCommandState(button.dataset.rich)));
    }
  }

  function setUp(root) {
    const found = [...root.querySelectorAll('textarea[data-richtext]')];
    found.filter((area) => !area.hidden).forEach(build);
  }

  document.execCommand('defaultParagraphSeparator', false, 'p');
  document.addEventListener('crm:ready', (event) => setUp(event.target));
  setUp(document);
})();
