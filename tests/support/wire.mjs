// One TCP connection of the scripted origin or client: writes exact bytes in
// exact pieces, keeps what came and went, reads with a deadline.

import { setTimeout as sleep } from 'node:timers/promises';

// Sanitizers and two slow cores: a deadline here is a hang, never a measure.
export const PATIENCE = Number(process.env.PARED_PATIENCE ?? 30) * 1000;
const LINE_MAX = 1 << 20;
const KEPT = 1500; // bytes of each direction that a failure shows

export class Late extends Error {
  constructor(what, deadline = PATIENCE) {
    super(`nothing came within ${deadline} ms: ${what}`);
    this.name = 'Late';
  }
}

// The connection ended inside a message; cut is "eof" or "reset".
export class Cut extends Error {
  constructor(cut) {
    super(`connection ended (${cut}) inside a message`);
    this.name = 'Cut';
    this.cut = cut;
  }
}

export function bytes(piece) {
  return typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece;
}

export function show(buffer, total = buffer.length) {
  const text = buffer.toString('latin1').replace(/[\\\x00-\x1f\x7f-\xff]/g,
    (c) => ({ '\r': '\\r', '\n': '\\n\n', '\t': '\\t', '\\': '\\\\' })[c] ??
      `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
  const more = total > buffer.length ? ` ... (${total} bytes in all)` : '';
  return text.split('\n').map((l) => `    | ${l}`).join('\n') + more;
}

class Kept {
  constructor() {
    this.pieces = [];
    this.total = 0;
    this.held = 0;
  }

  add(buffer) {
    this.total += buffer.length;
    if (this.held < KEPT) {
      const piece = Buffer.from(buffer.subarray(0, KEPT - this.held));
      this.pieces.push(piece);
      this.held += piece.length;
    }
  }

  toString() {
    return show(Buffer.concat(this.pieces), this.total);
  }
}

export class Wire {
  constructor(socket, name) {
    this.socket = socket;
    this.name = name;
    this.in = new Kept();
    this.out = new Kept();
    this.queue = []; // buffers not read yet
    this.queued = 0;
    this.end = null; // "eof" or "reset" once the peer's side is over
    this.gone = false; // the socket is closed
    this.waiting = new Set();
    socket.setNoDelay(true);
    socket.on('data', (data) => {
      this.in.add(data);
      this.queue.push(data);
      this.queued += data.length;
      this.#wake();
    });
    socket.on('end', () => this.#over('eof'));
    socket.on('error', () => this.#over('reset'));
    socket.on('close', () => {
      this.gone = true;
      this.#over('eof');
    });
  }

  #over(how) {
    this.end ??= how;
    this.#wake();
  }

  #wake() {
    for (const f of this.waiting) {
      f();
    }
  }

  // Resolves once ready() holds; throws Late after the deadline.
  async until(ready, what, deadline = PATIENCE) {
    if (ready()) {
      return;
    }
    await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(check);
        reject(new Late(`${this.name}: ${what}`, deadline));
      }, deadline);
      const check = () => {
        if (ready()) {
          clearTimeout(timer);
          this.waiting.delete(check);
          resolve();
        }
      };
      this.waiting.add(check);
    });
  }

  async #need(what) {
    await this.until(() => this.queued > 0 || this.end, what);
    if (this.queued === 0) {
      throw new Cut(this.end);
    }
  }

  // What is read is taken out; the rest stays.
  #pull(n) {
    const out = [];
    while (n > 0 && this.queue.length) {
      const head = this.queue[0];
      if (head.length <= n) {
        out.push(this.queue.shift());
        n -= head.length;
        this.queued -= head.length;
      } else {
        out.push(head.subarray(0, n));
        this.queue[0] = head.subarray(n);
        this.queued -= n;
        n = 0;
      }
    }
    return out;
  }

  // True when the peer ended and everything was read.
  async atEnd() {
    await this.until(() => this.queued > 0 || this.end, 'a message or the end');
    return this.queued === 0;
  }

  // A line with its line feed, as latin1.
  async line() {
    let text = '';
    for (;;) {
      await this.#need('a line');
      const head = this.queue[0];
      const at = head.indexOf(10);
      const piece = this.#pull(at < 0 ? head.length : at + 1);
      text += Buffer.concat(piece).toString('latin1');
      if (at >= 0) {
        return text;
      }
      if (text.length > LINE_MAX) {
        throw new Error(`${this.name}: line without end`);
      }
    }
  }

  async take(n) {
    await this.until(() => this.queued >= n || this.end, `${n} bytes`);
    if (this.queued < n) {
      throw new Cut(this.end);
    }
    return Buffer.concat(this.#pull(n));
  }

  // Moves n bytes into pieces; those that came before a cut stay there.
  async pour(n, pieces) {
    while (n > 0) {
      await this.#need(`${n} more bytes of content`);
      for (const piece of this.#pull(n)) {
        pieces.push(piece);
        n -= piece.length;
      }
    }
  }

  // Everything until the peer ends; a reset is a cut.
  async pourAll(pieces) {
    while (!(await this.atEnd())) {
      pieces.push(...this.#pull(this.queued));
    }
    if (this.end === 'reset') {
      throw new Cut('reset');
    }
  }

  // Everything that comes within ms, without waiting for an end.
  async linger(ms) {
    await sleep(ms);
    return Buffer.concat(this.#pull(this.queued));
  }

  // Waits until the peer has ended its side: "eof" or "reset".
  async ended(deadline = PATIENCE) {
    await this.until(() => this.end, 'the end of the connection', deadline);
    return this.end;
  }

  // Whether the socket is closed, or the peer ended, within the deadline.
  async endsWithin(deadline) {
    try {
      await this.ended(deadline);
      return true;
    } catch (err) {
      if (err instanceof Late) {
        return false;
      }
      throw err;
    }
  }

  // Strings and buffers are sent, each by a write of its own; numbers are
  // pauses in milliseconds. A peer that is gone is no error: the caller looks
  // at what came back.
  async send(...pieces) {
    for (const piece of pieces) {
      if (typeof piece === 'number') {
        await sleep(piece);
        continue;
      }
      const data = bytes(piece);
      if (this.gone || this.socket.destroyed || !this.socket.writable) {
        return;
      }
      this.out.add(data);
      if (!this.socket.write(data)) {
        await this.#drained();
      }
    }
  }

  async #drained() {
    await new Promise((resolve) => {
      const done = () => {
        this.socket.off('drain', done);
        this.socket.off('close', done);
        resolve();
      };
      this.socket.on('drain', done);
      this.socket.on('close', done);
    });
  }

  // Data in n-byte writes; the pause lets each leave alone.
  async trickle(data, n = 1, pause = 1) {
    const all = bytes(data);
    for (let i = 0; i < all.length; i += n) {
      await this.send(all.subarray(i, i + n), pause);
    }
  }

  // Ends our side; the other may go on.
  half() {
    this.socket.end();
  }

  reset() {
    if (!this.socket.destroyed) {
      this.socket.resetAndDestroy();
    }
  }

  close() {
    this.socket.destroy();
  }

  // Stops and restarts reading: back-pressure.
  pause() {
    this.socket.pause();
  }

  resume() {
    this.socket.resume();
  }

  dump() {
    return `  ${this.name} received${this.end ? ` (then ${this.end})` : ''}:\n` +
      `${this.in}\n  ${this.name} sent:\n${this.out}`;
  }
}
