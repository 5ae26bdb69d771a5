// Choosing by typing. `select[data-lookup="URL"]` asks the server ({items: [{id, label, hint}], more}); a plain
// `select[data-choices]` with more than eight options becomes searchable. Both stay ordinary selects with no script.
(() => {
  'use strict';
  const { text, request, post, report } = window.crm;

  // Same folding as the server: no case, no diacritics, đ is d.
  function fold(value) {
    return value.normalize('NFD').replace(/\p{M}/gu, '').replace(/đ/gi, 'd').toLowerCase();
  }

  function matcher(words) {
    const parts = fold(words).split(/\s+/).filter(Boolean);
    return (folded) => parts.every((part) => folded.includes(part));
  }

  function line(data, escape) {
    const hint = data.hint ? `<small>${escape(data.hint)}</small>` : '';
    return `<div>${escape(data.label)}${hint}</div>`;
  }

  const render = {
    option: line,
    item: (data, escape) => `<div>${escape(data.label)}</div>`,
    no_results: (data, escape) => `<div class="no-results">${escape(text('no_results'))}</div>`,
    option_create: (data, escape) => `<div class="create">${escape(text('add_new', { q: data.input }))}</div>`,
    loading: () => '<div class="skeleton-lines"><span class="skeleton"></span><span class="skeleton"></span></div>',
    not_loading: (data, escape) => `<div class="no-results">${escape(text('type_more'))}</div>`,
  };

  function common(select) {
    const plugins = {};
    if (select.multiple) plugins.remove_button = { title: text('remove') };
    else if (!select.required) plugins.clear_button = { title: text('remove') };
    return {
      plugins,
      render,
      valueField: 'id',
      labelField: 'label',
      searchField: ['label'],
      maxOptions: 200,
      placeholder: select.getAttribute('placeholder') || '',
      // The control is ours to name: Tom Select moves only the label's `for`.
      onInitialize() { describe(this, select); },
      onType(words) { this.wrapper.classList.toggle('is-typing', Boolean(words)); },
      onDropdownClose() { this.wrapper.classList.remove('is-typing'); },
    };
  }

  function describe(box, select) {
    // Screen readers meet the box; the select behind it only carries the value.
    select.setAttribute('aria-hidden', 'true');
    for (const name of ['aria-label', 'aria-describedby', 'aria-invalid']) {
      if (select.hasAttribute(name)) box.control_input.setAttribute(name, select.getAttribute(name));
    }
    for (const name of ['key', 'firstFocus']) {
      if (name in select.dataset) box.control_input.dataset[name] = select.dataset[name];
    }
  }

  function options(select) {
    return [...select.options].filter((option) => option.value).map((option) => ({
      id: option.value, label: option.textContent.trim(), hint: option.dataset.hint || '', disabled: option.disabled,
    }));
  }

  function remote(select) {
    let running = null;
    let found = new Set();
    let asked = '';
    return new window.TomSelect(select, {
      ...common(select),
      options: options(select),
      items: [...select.selectedOptions].map((option) => option.value).filter(Boolean),
      preload: 'focus',
      loadThrottle: 150,
      // The server has matched, by more than the label: show all it sent for these words. Until its answer is here,
      // narrow what is on screen.
      score(words) {
        const fits = words === asked ? () => true : matcher(words);
        return (option) => (found.has(String(option.id)) && fits(fold(option.label)) ? 1 : 0);
      },
      sortField: [{ field: '$order' }],
      shouldLoad: () => true,
      async load(words, done) {
        running?.abort();
        running = new AbortController();
        // Read now: a box beside it may have chosen another kind of record since.
        const address = new URL(select.dataset.lookup, location.href);
        address.searchParams.set('q', words);
        try {
          const response = await request(address, { signal: running.signal });
          this.clearOptions((option) => this.items.includes(String(option.id)));
          const { items } = await response.json();
          asked = words;
          found = new Set(items.map((item) => String(item.id)));
          done(items);
        } catch (error) {
          report(error);
          done();
        }
      },
      create: select.dataset.createUrl ? (label, done) => create(select, label, done) : false,
    });
  }

  async function create(select, label, done) {
    const body = new FormData();
    body.set('label', label);
    try {
      const response = await post(select.dataset.createUrl, body);
      done(await response.json());
    } catch (error) {
      report(error);
      done();
    }
  }

  function local(select) {
    const all = options(select);
    all.forEach((option) => { option.folded = fold(option.label); });
    return new window.TomSelect(select, {
      ...common(select),
      options: all,
      allowEmptyOption: false,
      score(words) {
        const fits = matcher(words);
        return (option) => (fits(option.folded) ? 1 : 0);
      },
    });
  }

  function setUp(root) {
    const found = [...root.querySelectorAll('select[data-lookup], select[data-choices]')];
    if (root.matches?.('select[data-lookup], select[data-choices]')) found.push(root);
    for (const select of found) {
      if (select.tomselect || select.closest('template')) continue;
      if (select.dataset.lookup) remote(select);
      else if (select.multiple || select.options.length > 8) local(select);
    }
  }

  // Two boxes in one: the first says which kind of record the second looks up.
  document.addEventListener('change', (event) => {
    if (!event.target.matches('[data-lookup-entity]')) return;
    const follower = event.target.form.querySelector(`[data-lookup-of="${CSS.escape(event.target.name)}"]`);
    follower.dataset.lookup = event.target.selectedOptions[0].dataset.lookup;
    follower.tomselect.clear();
    follower.tomselect.clearOptions();
    follower.tomselect.load('');
  });

  document.addEventListener('crm:ready', (event) => setUp(event.target));
  setUp(document);
})();
