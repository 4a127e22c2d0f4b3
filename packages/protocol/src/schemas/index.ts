export * from './http.js';
export * from './message.js';
export * from './socket.js';
