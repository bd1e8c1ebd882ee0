// A raw client: sends exact bytes, reads answers strictly.

import net from 'node:net';
import { Wire, bytes } from './wire.mjs';
import { readResponse } from './message.mjs';

// A GET (or other) in absolute-form, as browsers send it to a proxy.
export function get(url, fields = [], { method = 'GET', version = '1.1', body } = {}) {
  const host = new URL(url).host;
  const lines = [`${method} ${url} HTTP/${version}`, `Host: ${host}`, ...fields];
  if (body !== undefined) {
    lines.push(`Content-Length: ${bytes(body).length}`);
  }
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return body === undefined ? head : Buffer.concat([head, bytes(body)]);
}

export class Client extends Wire {
  static count = 0;

  static async connect(port, { host = '127.0.0.1', from } = {}) {
    const socket = net.connect({
      port, host, localAddress: from, allowHalfOpen: true,
    });
    await new Promise((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    Client.count += 1;
    return new Client(socket, `client ${Client.count}`);
  }

  // The next response; null when the connection ended before any of it.
  async response(options) {
    return readResponse(this, options);
  }

  // Sends a request and reads its response.
  async ask(url, fields = [], options = {}) {
    await this.send(get(url, fields, options));
    return this.response({
      method: options.method, sent: options.version ?? '1.1',
    });
  }

  // Opens a tunnel; the response is returned whatever it is.
  async connectTo(authority, fields = [], early = '') {
    await this.send(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n` +
      `${fields.map((f) => `${f}\r\n`).join('')}\r\n${early}`);
    return this.response({ method: 'CONNECT' });
  }
}
