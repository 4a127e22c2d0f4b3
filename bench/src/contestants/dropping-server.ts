import { startBareServer, templatesFromArguments } from './bare.js';

/** A server that keeps one message in a hundred from one reader: the harness must refuse to report it. */

let writes = 0;

startBareServer(templatesFromArguments(), (socket, frame) => {
  writes++;
  if (writes % 100 !== 0) socket.write(frame);
});
