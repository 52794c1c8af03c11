/** Types of the global `Frontdesk` that the one-tag snippet puts into a page. */

export type Availability = 'online' | 'online_for_queue' | 'offline' | 'unavailable';

export interface Page {
  /** Address shown to agents; the page's own by default. */
  url?: string;
  /** Title shown to agents; the page's own by default. */
  title?: string;
}

export interface State {
  /** The panel is shown. */
  open: boolean;
  /** The bubble is hidden by `hide`. */
  hidden: boolean;
  /** Messages of agents the visitor has not read. */
  unread: number;
  /** Whether the site can chat now; known once the chat was loaded. */
  availability?: Availability;
  /** A conversation is waiting or going on. */
  conversation: boolean;
}

/** What each event brings. */
export interface Events {
  /** The API can be used. A handler added later is called at once. */
  ready: undefined;
  /** The panel was opened. */
  open: undefined;
  /** The panel was closed. */
  close: undefined;
  /** An agent wrote. */
  message: { text: string; agent?: string };
  /** The number of unread messages changed. */
  unread: { count: number };
  /** The visitor waits; 1 is next, 0 is unknown. */
  queued: { position: number };
  /** An agent took the conversation. */
  assigned: { agent: string };
  /** The conversation ended. */
  closed: object;
  /** The visitor rated the conversation, 1 (bad) to 5 (good). */
  rated: { score: number };
  /** Whether the site can chat changed. */
  availability: { availability: Availability };
  /** Something went wrong that the page may want to know of. */
  error: { message: string };
}

/** Who the visitor is in your system. Only what your server signed counts. */
export type Identity =
  | string
  | {
      /** JWT (HS256) signed with an identity key; the same as the bare text. */
      token: string;
    }
  | {
      /** Your id of the visitor. */
      id: string;
      /** HMAC-SHA-256 of `id` with an identity key, in hexadecimal. */
      hmac: string;
      name?: string;
      email?: string;
    };

type Handler<Name extends keyof Events> = (data: Events[Name]) => void;

/**
 * Calls a method by name. Calls made before the widget is loaded wait for it when the page has set up
 * `window.Frontdesk = window.Frontdesk || function () { (Frontdesk.q = Frontdesk.q || []).push(arguments) }`;
 * such early calls return nothing. A method that does not exist, and a wrong argument, reject.
 */
export interface Frontdesk {
  /** Shows the panel. */
  (method: 'open'): Promise<void>;
  /** Closes the panel. */
  (method: 'close'): Promise<void>;
  /** Shows or closes the panel. */
  (method: 'toggle'): Promise<void>;
  /** Hides bubble and panel. */
  (method: 'hide'): Promise<void>;
  /** Shows the bubble again. */
  (method: 'show'): Promise<void>;
  /**
   * Says who the visitor is. A function is called each time it is needed and may return a promise: best for tokens, which
   * expire. When the signature is not valid the event `error` tells, and the visitor can chat all the same.
   */
  (method: 'identify', who: Identity | (() => Identity | Promise<Identity>)): Promise<void>;
  /** Department of new conversations, by the id that the admin panel shows; the visitor is not asked for one then. */
  (method: 'setDepartment', id: string): Promise<void>;
  /** Forgets the visitor: on a shared computer, and when your customer signs out. */
  (method: 'logout'): Promise<void>;
  /** Language of the chat as a BCP 47 tag; one without texts changes nothing. */
  (method: 'setLocale', tag: string): Promise<void>;
  /** Colour scheme of the chat. */
  (method: 'setTheme', theme: 'auto' | 'light' | 'dark'): Promise<void>;
  /** Tells agents where the visitor is. Changes of the address are noticed without it. */
  (method: 'trackPage', page?: Page): Promise<void>;
  /** Opens the panel and writes a message for the visitor. */
  (method: 'sendMessage', text: string): Promise<void>;
  /** Calls `handler` on every such event. */
  <Name extends keyof Events>(method: 'on', event: Name, handler: Handler<Name>): Promise<void>;
  /** Calls `handler` on the next such event only. */
  <Name extends keyof Events>(method: 'once', event: Name, handler: Handler<Name>): Promise<void>;
  /** Stops calling `handler`, or every handler of the event. */
  <Name extends keyof Events>(method: 'off', event: Name, handler?: Handler<Name>): Promise<void>;
  /** What is shown and known. */
  (method: 'getState'): Promise<State>;
  /** Takes the widget out of the page. */
  (method: 'destroy'): Promise<void>;
}

declare global {
  interface Window {
    Frontdesk: Frontdesk;
  }
  const Frontdesk: Frontdesk;
}
