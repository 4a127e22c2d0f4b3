import { expect, it } from 'vitest';
import { finished } from './testing/command.js';

const COMMANDS = [
  [],
  ['start'],
  ['edge'],
  ['router'],
  ['gateway'],
  ['publish'],
  ['tail'],
  ['export'],
  ['import'],
  ['doctor'],
  ['log', 'adopt'],
  ['log', 'recreate'],
];

it('docs/reference/command.md is the help of every command', async () => {
  const sections = await Promise.all(
    COMMANDS.map(async (command) => {
      const { out } = await finished([...command, '--help']);
      return `## \`${['restante', ...command].join(' ')}\`\n\n\`\`\`text\n${out.trim().replaceAll(/ +$/gm, '')}\n\`\`\`\n`;
    }),
  );
  const head = `# The command

<!-- Made from the command's own help: \`npm run docs\` writes it anew. -->

What \`restante help\` and \`restante help <command>\` say. In a checkout, after \`npm ci && npm run build\`, the command is \`npx restante\`:
\`npx restante help\`.
`;
  await expect([head, ...sections].join('\n')).toMatchFileSnapshot('../../../docs/reference/command.md');
});
