import { startBareServer, templatesFromArguments } from './bare.js';

startBareServer(templatesFromArguments(), (socket, frame) => void socket.write(frame));
