import { createSocket } from 'node:dgram';

/**
 * Child process of bench/radius: what Node.js can do at most. It sends every datagram back as it came, through the same
 * kind of socket that the RADIUS server uses, and first tells its port.
 */
const socket = createSocket({
  type: 'udp4',
  recvBufferSize: 4 * 2 ** 20,
  lookup: (address, _options, done) => done(null, address, 4),
});
socket.on('message', (datagram, { address, port }) => socket.send(datagram, port, address));
socket.bind(0, '127.0.0.1', () => process.send?.(socket.address().port));
process.once('disconnect', () => socket.close());
