export * from './config.js';
export * from './http.js';
export * from './message.js';
export * from './socket.js';
