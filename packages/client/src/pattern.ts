/** Does a pattern take a mailbox? The server checks names and patterns; here they are taken as they are. */
export function matcherOf(pattern: string): (mailbox: string) => boolean {
  const [, base = '', wildcard] = /^(.*?)(\/\*\*?)?$/.exec(pattern) ?? [];
  if (wildcard === undefined) return (mailbox) => mailbox === pattern;
  return (mailbox) => mailbox.startsWith(`${base}/`) && (wildcard === '/**' || !mailbox.includes('/', base.length + 1));
}
