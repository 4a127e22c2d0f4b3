export { type EdgeConfig, type EdgeDeps, type RunningEdge, startEdge } from './edge.js';
