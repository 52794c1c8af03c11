// The page's half of the widget. The core (src/, compiled to wasm) decides everything; here its markup is made to
// stand in the page, its requests are carried out, and what happens is told to it. Only numbers and texts pass
// between the two: `go` in, `room` and `event` out. What the numbers mean stands in src/browser/mod.rs.
//
// The build puts the names of the other files in, and shortens these names, none of which is also the name of a
// property:
// short: TEXTS KEY config core busy encoder decoder queue tell bytes words language speak fill plain tags
// short: shown lastWords sticky attributes build show picker act grow scrolledTo counted scrollDown drag
// short: take heard poll socket timers ask json fetchFile local wake port nonce alone functions timer find html
// short: read action values markup writes mark list work node response what bearer earlier mine selector answer
// short: log found stays number touch root storage gone
// short: owned release opened scope KEPT tabs database stored changed last wanted answered asks
const d = document, html = d.documentElement, style = html.style;
const TEXTS = '__FRONTDESK_TEXTS__';
const find = (selector) => d.querySelector(selector);
const config = find('#frontdesk-config').textContent, { site, origins } = JSON.parse(config);

// --- The core ---

let core, busy;
const encoder = new TextEncoder(), decoder = new TextDecoder(), queue = [];
// Tells the core what happened, one thing after the other: never from within itself.
const tell = (what, text = '', a = 0, b = 0) => {
  if (!core) return;
  queue.push([what, text, a, b]);
  if (busy) return;
  busy = 1;
  try {
    while (queue.length) {
      const [what, text, a, b] = queue.shift(), bytes = encoder.encode(text), at = core.room(bytes.length + 20);
      const room = new Uint8Array(core.memory.buffer, at, bytes.length + 20);
      crypto.getRandomValues(room.subarray(0, 20));
      room.set(bytes, 20);
      core.event(what, a, b, performance.now(), Date.now());
    }
  } catch (error) {
    // Whatever it was going to show, it will not. Unsent messages are in storage.
    show(lastWords);
    throw error;
  }
  busy = 0;
};

// --- Texts ---

let words, language;
// Loads the texts of a language once, and shows everything in it.
const speak = async (tag) => {
  language = tag;
  const answer = await fetch(new URL(TEXTS[tag] || TEXTS.en, import.meta.url));
  const lines = (await answer.text()).split('\n');
  if (language == tag) {
    words = lines;
    show(shown, sticky);
  }
};
// Puts the words where the marks are, with what they fill in.
const fill = (markup) => markup.replace(/\x04(.)(?:((?:\x05[^\x05\x06]*)+)\x06)?/gs, (all, mark, values) =>
  words[mark.charCodeAt() - 256].replace(/{(\d)}/g, (all, at) => fill(values.split('\x05')[+at + 1])));
const plain = (text) => text.replace(/[\x01-\x03]/g, (c) => "<>'"[c.charCodeAt() - 1]);

// --- Markup ---

let tags, shown, lastWords, sticky;
const attributes = (tag) => {
  const found = {};
  for (const [, name, value = ''] of tag.matchAll(/ ([\w-]+)(?:='([^']*)')?/g)) if (name != 'k') found[name] = plain(value);
  return found;
};
// Makes the children of an element look like the markup up to its end. What has the same tag and key as before stays.
const build = (parent) => {
  let at = parent.firstChild, gone, tag;
  while ((tag = tags.next().value) && (tag = tag[0]) != '</>') {
    const [same, name] = /^<(\w+)( k='[^']*')?/.exec(tag) || [''];
    let node = at;
    while (node && node.same != same) node = node.nextSibling;
    if (node) {
      while (at != node) {
        gone = at;
        at = at.nextSibling;
        gone.remove();
      }
      at = node.nextSibling;
    } else {
      if (name == 'svg') node = find('template').content.firstChild.cloneNode(true);
      else node = name ? d.createElement(name) : d.createTextNode('');
      node.same = same;
      node.tag = '';
      parent.insertBefore(node, at);
    }
    if (node.tag != tag) {
      if (name) {
        const before = attributes(node.tag), after = attributes(tag);
        for (const key in { ...before, ...after }) {
          // The pictures stand in the page.
          if (name == 'svg') node.firstChild.setAttribute('href', '#i-' + after.i);
          else if (!(key in after)) node.removeAttribute(key);
          else if (before[key] != after[key]) node.setAttribute(key, after[key]);
        }
      } else node.data = plain(tag);
      node.tag = tag;
    }
    if (name && name != 'svg') build(node);
  }
  while (at) {
    gone = at;
    at = at.nextSibling;
    gone.remove();
  }
};
const show = (markup, stays) => {
  shown = markup;
  sticky = stays;
  if (!words || !markup) return;
  tags = fill(markup).matchAll(/<[^>]*>|[^<]+/g);
  build(root);
  if (stays) scrollDown();
};

// --- What the visitor does ---

const root = find('#app'), picker = find('#picker');

const act = (target, selector) => {
  const action = (target.closest(selector + '[data-a]') || root).dataset.a;
  // The core may be the reason for it.
  if (action == 'reload') location.reload();
  else if (action) tell(1, action);
};
// Makes the composer as high as what is in it; the stylesheet says where to stop.
const grow = (input) => {
  input.style.height = 'auto';
  input.style.height = input.scrollHeight + 'px';
};
let scrolledTo = 0, counted = 0;
const files = {};
const scrollDown = () => {
  const log = find('#log');
  if (log) log.scrollTop = log.scrollHeight;
};
const drag = (on) => html.toggleAttribute('data-drag', on);
const take = (list) => {
  for (const file of list) {
    files[++counted] = { file };
    tell(6, file.name, counted, Math.min(file.size, 4e9));
  }
  return list.length;
};
const heard = {
  click: (event, target) => act(target, 'button'),
  submit(event, target) {
    event.preventDefault();
    act(target, 'form');
  },
  input(event, target) {
    if (target == picker) return;
    if (target.id == 'composer') grow(target);
    tell(2, target.id + '\n' + target.value);
  },
  change(event, target) {
    // Not every browser says `input` when something was chosen from a list.
    if (target != picker) return target.options && heard.input(event, target);
    take(picker.files);
    // So that the same file can be chosen again.
    picker.value = '';
  },
  keydown(event, target) {
    if (event.isComposing) return;
    // Enter also chooses a word in an input method; 229 is how older browsers say so.
    if (event.key == 'Enter' && target.id == 'composer' && !event.shiftKey && event.keyCode != 229) {
      event.preventDefault();
      tell(1, 'send');
    } else if (event.key == 'Escape') tell(1, 'escape');
  },
  paste(event) {
    if (take(event.clipboardData.files)) event.preventDefault();
  },
  dragover(event) {
    event.preventDefault();
    drag(true);
  },
  dragleave(event) {
    if (!event.relatedTarget) drag(false);
  },
  drop(event) {
    event.preventDefault();
    drag(false);
    take(event.dataTransfer.files);
  },
  // The keyboard of a phone stays open while messages are sent.
  mousedown(event, target) {
    if (target.closest('.send')) event.preventDefault();
  },
  // Leaving the end takes a movement up: what grows below the reader does not move anybody.
  scroll(event, log) {
    if (log.id != 'log') return;
    const top = log.scrollTop, near = log.scrollHeight - top - log.clientHeight < 48;
    if (sticky ? !near && top < scrolledTo : near) tell(5, '', +near);
    scrolledTo = top;
  },
  // A picture came, or the window changed: the newest message stays in view.
  load: () => sticky && scrollDown(),
};
heard.error = heard.resize = heard.load;
for (const name in heard) addEventListener(name, (event) => heard[name](event, event.target), true);

// --- Network and storage ---

let token, poll, socket, owned, release, opened, last = Promise.resolve();
const timers = {};
// Status and body of an answer; 0 without one.
const ask = async (path, body, bearer, then, read = 'text', signal) => {
  const headers = { 'X-Frontdesk': 1, 'Content-Type': 'application/json' };
  if (bearer) headers.Authorization = 'Bearer ' + token;
  let status = 0, answer = '';
  try {
    const response = await fetch(path, { method: body ? 'POST' : 'GET', cache: 'no-store', headers, body, signal });
    answer = await response[read]();
    status = response.status;
  } catch (error) {}
  then(status, answer);
};
const json = (text) => {
  try {
    return JSON.parse(text);
  } catch (error) {
    return {};
  }
};
// A file's address in this page. It is fetched with the token in a header, because addresses end up in logs.
const fetchFile = (id, then) =>
  ask('/v1/files/' + id, null, 1, (status, blob) => then(status == 200 ? URL.createObjectURL(blob) : ''), 'blob');
// Storage may be refused.
const local = (work) => {
  try {
    return work(localStorage);
  } catch (error) {}
};
// Unsent messages are kept in a database, or where that is refused in `localStorage`. One step waits for the one
// before. Every tab of the site shares them, and is told of a change.
const scope = site.key + '.', KEPT = 'frontdesk.out.' + scope, tabs = new BroadcastChannel(KEPT);
tabs.onmessage = () => tell(21);
const database = () => new Promise((done, fail) => {
  const opening = indexedDB.open('frontdesk', 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('out');
  opening.onsuccess = () => done(opening.result);
  opening.onerror = opening.onblocked = fail;
});
const stored = (mode, work) => (last = last.then(async () => {
  const base = await (opened = opened || database());
  return new Promise((done, fail) => {
    const step = base.transaction('out', mode), asked = work(step.objectStore('out'));
    step.oncomplete = () => done(asked.result);
    step.onerror = step.onabort = fail;
  });
}).catch(() => 0));
const changed = () => tabs.postMessage(0);
const wake = () => d.hidden || tell(19);
addEventListener('online', () => tell(19, '', 1));
addEventListener('pageshow', wake);
d.addEventListener('visibilitychange', wake);
d.addEventListener('resume', wake);

// --- The page around ---

// The loader puts `NONCE,ORIGIN` behind the `#` of the frame's address. Both sides know a nonce and each other's
// exact origin; then they talk through a channel that nobody else can reach (rule C-6).
let port, wanted, answered, asks = 0;
const [nonce, origin] = location.hash.slice(1).split(','), alone = parent == window, KEY = 'frontdesk:' + site.key;

const functions = [
  show,
  (text) => (lastWords = text),
  (text) => {
    const [tag, theme] = text.split('\n');
    html.lang = tag;
    html.dataset.theme = theme;
    if (language != tag) speak(tag);
  },
  (text) => {
    if (port) port.postMessage(text);
    const note = alone && json(text);
    if (note.t == 'token') local((storage) => (storage[KEY] = note.v));
  },
  (name) => {
    const writes = { first: 'form select,form input,form textarea', composer: '#composer' }[name];
    const found = find(writes || (name == 'top' ? 'main' : '#' + name));
    // On a touch screen the keyboard would cover half of what was just opened.
    const touch = writes && matchMedia('(pointer:coarse)').matches && !find('textarea:focus,input:focus');
    if (found && !touch) found.focus();
  },
  (text) => {
    const [id, ...lines] = text.split('\n'), input = find('#' + id), value = lines.join('\n');
    if (!input) return;
    if (input.value != value) input.value = value;
    if (id == 'composer') grow(input);
  },
  () => picker.click(),
  // By `XMLHttpRequest`, because `fetch` does not tell how far it is.
  (text, number) => {
    const [conversation, name] = text.split('\n'), sending = new XMLHttpRequest(), chosen = files[number];
    sending.open('POST', `/v1/files?conversation=${conversation}&name=${encodeURIComponent(name)}`);
    sending.setRequestHeader('Authorization', 'Bearer ' + token);
    sending.setRequestHeader('X-Frontdesk', 1);
    sending.upload.onprogress = (event) => tell(7, '', number, (event.loaded / event.total) * 100);
    sending.onloadend = () => {
      const reply = json(sending.responseText);
      tell(8, reply.attachment || reply.code, number, sending.status);
    };
    sending.send(chosen.file);
    chosen.sending = sending;
  },
  (text, number) => {
    const { sending } = files[number] || {};
    delete files[number];
    if (sending) sending.abort();
  },
  (id) => fetchFile(id, (url) => tell(9, id + '\n' + url)),
  (text) => {
    const [id, name] = text.split('\n'), link = d.createElement('a');
    fetchFile(id, (url) => {
      if (!url) return tell(10);
      link.href = url;
      link.download = name;
      link.click();
    });
  },
  () => location.reload(),
  async (earlier) => {
    // What the page signed runs out, so it is asked each time; a page that does not answer is not waited for.
    const number = ++asks, identity = wanted && (await new Promise((done) => {
      answered = done;
      setTimeout(done, 5000);
      port.postMessage('{"t":"who"}');
    }));
    ask('/v1/visitor', JSON.stringify({ site: site.key, token: earlier || undefined, origin: alone ? undefined : origin, identity }), 0, (status, text) => {
      const reply = json(text), bad = identity && status == 400;
      if (bad || reply.ignored) port.postMessage('{"t":"event","name":"error","message":"identify: not valid"}');
      // What is no identity at all keeps nobody from chatting.
      if (bad) functions[12](earlier, (wanted = 0));
      else if (number == asks) tell(4, reply.visitor + '\n' + reply.token, status, reply.retry_after_ms);
    });
  },
  (text) => (token = text),
  (name) => {
    const mine = (owned = {});
    if (release) release();
    const own = () => {
      if (owned != mine) return;
      tell(20);
      return new Promise((done) => (release = done));
    };
    // Where there are no locks every tab sends: the server stores a message once.
    if (navigator.locks) navigator.locks.request(name, own).catch(own);
    else own();
  },
  async () => {
    const texts = (await stored('readonly', (store) => store.getAll(IDBKeyRange.bound(scope, scope + '\uffff')))) || [];
    local((storage) => {
      for (const key in storage) if (key.startsWith(KEPT)) texts.push(storage[key]);
    });
    tell(11, texts.join('\n'));
  },
  async (text) => {
    const [id, value] = text.split('\n');
    // At once first: the page may be closed before the database has it.
    const kept = local((storage) => (storage[KEPT + id] = value));
    if (await stored('readwrite', (store) => store.put(value, scope + id))) local((storage) => delete storage[KEPT + id]);
    else if (!kept) return tell(12);
    changed();
  },
  async (id) => {
    await stored('readwrite', (store) => store.delete(scope + id));
    local((storage) => delete storage[KEPT + id]);
    changed();
  },
  (path) => {
    try {
      socket = new WebSocket(location.origin.replace('http', 'ws') + path);
      socket.onopen = () => tell(14);
      socket.onmessage = (event) => tell(15, '' + event.data);
      socket.onclose = (event) => tell(16, '', event.code);
    } catch (error) {
      // A policy forbids it: the same as one that closed.
      tell(16, '', 1006);
    }
  },
  (text, code) => {
    if (socket) socket.onopen = socket.onmessage = socket.onclose = socket.close(code);
    socket = 0;
  },
  (text) => socket && socket.send(text),
  (body, number) => {
    poll = new AbortController();
    ask('/v1/poll', body, 1, (status, text) => tell(17, text, status, number), 'text', poll.signal);
  },
  () => poll && poll.abort(),
  (body, number) => ask('/v1/commands', body, 1, (status, text) => tell(18, text, status, number)),
];
const go = (what, at, length, number) => {
  const timer = what - functions.length;
  if (timer < 0) return functions[what](decoder.decode(new Uint8Array(core.memory.buffer, at, length)), number);
  clearTimeout(timers[timer]);
  if (number >= 0) timers[timer] = setTimeout(tell, number, 13, '', timer);
};
const zone = (at) => -new Date(at).getTimezoneOffset();

try {
  const wasm = WebAssembly.instantiateStreaming(fetch(new URL('__FRONTDESK_WASM__', import.meta.url)), { e: { go, zone } });
  await speak(html.lang);
  core = (await wasm).instance.exports;
  // Black or white on the site's colour, whichever is easier to read.
  const color = parseInt(site.color.slice(1), 16), light = (color >> 16) * 3 + ((color >> 8) & 255) * 6 + (color & 255);
  style.setProperty('--accent', site.color);
  style.setProperty('--on-accent', light > 1600 ? '#16181d' : '#fff');
  tell(0, html.lang + '\n' + config, +alone);
  if (alone) tell(3, JSON.stringify({ t: 'init', open: true, token: local((storage) => storage[KEY]) }));
  else if (nonce && origins.includes(origin)) {
    addEventListener('message', (event) => {
      if (event.origin != origin || event.source != parent || event.data != nonce) return;
      port = event.ports[0];
      port.onmessage = (event) => {
        const text = '' + event.data, note = json(text);
        if (note.t == 'who') return answered(typeof note.v == 'string' ? { token: note.v } : note.v || undefined);
        wanted = wanted || note.who;
        tell(3, text);
      };
    });
    parent.postMessage(nonce, origin);
  }
} catch (error) {
  // The stylesheet has a text for it.
  html.dataset.boot = 'failed';
  throw error;
}
