// Puts the chat bubble into a merchant's page. Until the visitor shows interest it makes no request and
// stores nothing. It touches one global, `Frontdesk`, and never throws into the page.
// The build shortens these names, none of which is also the name of a property:
// short: handlers waiting calls kept root button icon badge watcher clock left first TEXT ICON KEY safe
// short: keep fail emit make attach paint load drop greet tell hear here track api begin work
// short: args parent light shadow sheet svg count event note value done other tag one ready port
// short: nonce live channel method identity answer set say
((w, d) => {
  // The server puts the site's configuration here.
  const C = "__FRONTDESK_CONFIG__", KEY = 'frontdesk:' + C.key, first = w.Frontdesk;
  if ((first && first.v) || /[^u]bot|crawl|spider|lighthouse/i.test(navigator.userAgent)) return;

  const TEXT = /^zh/i.test(navigator.language) ? ['打开聊天', '关闭聊天', '条新消息', '聊天'] : ['Open chat', 'Close chat', 'new messages', 'Chat'];
  const ICON = ['M4 5h16v12h-9l-5 4v-4H4z', 'M6 9l6 6 6-6'];
  const handlers = {}, waiting = [], calls = [], set = { who: 1 };
  let kept = {}, open = false, hidden = false, unread = 0, live = false, identity = 0;
  let host, root, frame, button, icon, badge, port, ready, nonce, watcher, clock, page, availability, left;

  // Nothing that goes wrong here may reach the page.
  const safe = (work, quiet) => (...args) => {
    try {
      return work(...args);
    } catch (error) {
      console.error(error);
      if (!quiet) emit('error', { message: error.message });
    }
  };
  // Storage may be refused: then the visitor is a new one on every page.
  const keep = () => {
    try {
      if (kept.token) localStorage[KEY] = JSON.stringify(kept);
      else delete localStorage[KEY];
    } catch (error) {}
  };
  const fail = (text) => {
    throw Error(text);
  };
  const emit = (name, data) => (handlers[name] || []).forEach((call) => safe(call, name == 'error')(data));
  const on = (name, call) => {
    handlers[name] = (handlers[name] || []).concat(call);
    if (name == 'ready') setTimeout(safe(call));
  };
  const off = (name, call) => {
    handlers[name] = (handlers[name] || []).filter((it) => call && it != call);
  };

  const make = (tag, parent) => parent.appendChild(d.createElement(tag));
  const build = () => {
    const color = parseInt(C.color.slice(1), 16);
    const light = (color >> 16) * 3 + ((color >> 8) & 255) * 6 + (color & 255) > 1600;
    const style = ':host{all:initial}' +
      `div{position:fixed;z-index:2147483000;bottom:20px;inset-inline-${C.side}:20px}` +
      `button{width:56px;height:56px;padding:15px;border:0;border-radius:50%;cursor:pointer;background:${C.color};color:${light ? '#16181d' : '#fff'};box-shadow:0 8px 32px #0004}` +
      `button:focus-visible{outline:3px solid ${C.color};outline-offset:3px}` +
      'svg{display:block;fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round}' +
      'span{position:absolute;top:-4px;inset-inline-end:-4px;min-width:20px;border-radius:10px;background:#d92d20;color:#fff;font:600 12px/20px system-ui}' +
      `iframe{position:absolute;bottom:72px;inset-inline-${C.side}:0;width:min(400px,100vw - 40px);height:min(704px,100vh - 112px);border:0;border-radius:16px;box-shadow:0 8px 32px #0004;visibility:hidden;opacity:0}` +
      '.o iframe{visibility:visible;opacity:1}' +
      '@media(prefers-reduced-motion:no-preference){iframe{transition:opacity .2s}}' +
      '@media(max-width:480px){iframe{position:fixed;inset:0;width:100%;height:100dvh;border-radius:0}.o button{display:none}}';
    host = d.createElement('div');
    const shadow = host.attachShadow({ mode: 'closed' });
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(style);
      shadow.adoptedStyleSheets = [sheet];
    } catch (error) {
      make('style', shadow).textContent = style;
    }
    root = make('div', shadow);
    button = make('button', root);
    const svg = button.appendChild(d.createElementNS('http://www.w3.org/2000/svg', 'svg'));
    svg.setAttribute('viewBox', '0 0 24 24');
    icon = svg.appendChild(d.createElementNS(svg.namespaceURI, 'path'));
    badge = make('span', button);
    button.onclick = safe(() => (open ? close : show)());
    button.onpointerenter = button.onfocus = safe(load);
    paint();
    // A page that swaps its body, or takes the bubble out, gets it back.
    watcher = new MutationObserver(safe(attach));
    attach();
    if (kept.open) setTimeout(safe(load));
  };
  const attach = () => {
    if (host.isConnected || !d.body) return;
    ready = port = 0;
    d.body.appendChild(host);
    watcher.observe(d.documentElement, { childList: true });
    watcher.observe(d.body, { childList: true });
  };
  const paint = () => {
    const count = open ? 0 : unread;
    button.setAttribute('aria-label', TEXT[+open] + (count ? `, ${count} ${TEXT[2]}` : ''));
    button.setAttribute('aria-expanded', open);
    icon.setAttribute('d', ICON[+open]);
    badge.textContent = count;
    badge.hidden = !count;
    root.className = open ? 'o' : '';
    host.style.cssText = hidden ? 'display:none' : '';
  };

  // The frame, loaded at the first sign of interest.
  const load = () => {
    if (frame) return;
    nonce = [...crypto.getRandomValues(new Uint32Array(4))].join('');
    frame = d.createElement('iframe');
    frame.title = TEXT[3];
    // Behind the #, which no server sees: what to expect, and from where.
    frame.src = `${C.frame}#${nonce},${location.origin}`;
    root.prepend(frame);
  };
  const drop = () => {
    if (frame) frame.remove();
    frame = port = ready = unread = 0;
    live = open = false;
    paint();
    if (left) left();
  };
  // The frame offers to talk by the nonce; the answer is a channel that nobody else can reach.
  const greet = safe((event) => {
    if (!frame || event.source != frame.contentWindow || event.origin != C.host || event.data != nonce) return;
    const channel = new MessageChannel();
    port = channel.port1;
    port.onmessage = safe(hear);
    frame.contentWindow.postMessage(nonce, C.host, [channel.port2]);
    tell({ t: 'init', token: kept.token, open, resume: !!kept.open, page: here(), ...set }, 1);
  });
  const tell = (note, now) => {
    if (ready || now) port.postMessage(JSON.stringify(note));
    else if (frame) waiting.push(note);
  };
  const hear = (event) => {
    const note = JSON.parse(event.data), value = note.v;
    if (note.t == 'event') {
      if (note.availability) availability = note.availability;
      emit(note.name, note);
    } else if (note.t == 'ready') {
      ready = 1;
      waiting.splice(0).forEach(tell);
    } else if (note.t == 'token') {
      kept.token = value;
      keep();
    } else if (note.t == 'live') {
      kept.open = live = !!value;
      keep();
    } else if (note.t == 'unread') {
      unread = value;
      paint();
      emit('unread', { count: value });
    } else if (note.t == 'who') answer();
    else if (note.t == 'close') close();
    else drop();
  };
  // Who the visitor is, when the frame wants to tell the server.
  const answer = () => new Promise((done) => done(identity.call ? identity() : identity))
    .catch(safe((error) => { throw error; })).then((v) => tell({ t: 'who', v }));
  // Where the visitor is; the address can change without loading.
  const here = (other) =>
    (page = { url: location.href, title: d.title, referrer: d.referrer, language: navigator.language, ...other });
  const track = (other) => tell({ t: 'page', ...here(other) });

  const show = () => {
    if (open) return;
    load();
    open = true;
    hidden = false;
    paint();
    tell({ t: 'open' });
    frame.focus();
    emit('open');
  };
  const close = () => {
    if (!open) return;
    open = false;
    paint();
    tell({ t: 'close' });
    if (d.activeElement == host) button.focus();
    emit('close');
  };
  // Says something that a frame which is loaded later is to know as well.
  const say = (t, v) => tell({ t, v: (set[t] = v) });
  const api = {
    __proto__: null,
    open: show,
    close,
    toggle: () => (open ? close : show)(),
    hide: () => {
      close();
      hidden = true;
      paint();
    },
    show: () => {
      hidden = false;
      paint();
    },
    identify: (who) => {
      identity = who;
      tell({ t: 'identify' });
    },
    logout: () => {
      identity = 0;
      kept = {};
      keep();
      return frame && new Promise((done) => {
        left = done;
        tell({ t: 'logout' });
      });
    },
    setLocale: (tag) => say('locale', '' + tag),
    setTheme: (name) => {
      if (!/^(auto|light|dark)$/.test(name)) fail('no theme ' + name);
      say('theme', name);
    },
    setDepartment: (id) => say('department', '' + id),
    trackPage: track,
    sendMessage: (text) => {
      if (!text) fail('no text');
      show();
      tell({ t: 'send', text: '' + text });
    },
    on,
    off,
    once: (name, call) => {
      on(name, function one(data) {
        off(name, one);
        call(data);
      });
    },
    getState: () => ({ open, hidden, unread, availability, conversation: live }),
    destroy: () => {
      drop();
      watcher.disconnect();
      clearInterval(clock);
      w.removeEventListener('message', greet);
      host.remove();
      delete w.Frontdesk;
    },
  };
  const Frontdesk = (w.Frontdesk = (method, ...args) => new Promise((done) => {
    if (!api[method]) fail('no method ' + method);
    // Before the page has a body there is nothing to call.
    if (host) done(api[method](...args));
    else calls.push(() => done(Frontdesk(method, ...args)));
  }));
  Frontdesk.v = C.build;
  const begin = safe(() => {
    try {
      kept = JSON.parse(localStorage[KEY]);
    } catch (error) {}
    build();
    w.addEventListener('message', greet);
    clock = setInterval(safe(() => page && page.url != location.href && track()), 1000);
    ((first && first.q) || []).forEach((args) => Frontdesk(...args).catch(safe((error) => { throw error; })));
    calls.forEach((call) => call());
  });
  if (d.body) begin();
  else d.addEventListener('DOMContentLoaded', begin);
})(window, document);
