export { startRouter, type RouterConfig, type RouterDeps } from './router.js';
