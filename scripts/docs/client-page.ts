import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { table } from './markdown.js';

/** `docs/reference/client.md`: what the client exports, with its types and docstrings, from the sources by the compiler that checks them. */

const ENTRIES = [
  ['@restante/client', 'packages/client/src/index.ts'],
  ['@restante/client/react', 'packages/client/src/react/index.ts'],
] as const;

const path = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));

const HEAD = `# Reference of the client

<!-- Made from packages/client/src: \`npm run docs\` writes it anew. -->

Everything that \`@restante/client\` exports. How it is used is told in [the guide](../client.md).`;

export function clientPage(): string {
  const program = ts.createProgram(
    ENTRIES.map(([, file]) => path(file)),
    {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2023,
      lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
      strict: true,
      types: [],
    },
  );
  const checker = program.getTypeChecker();
  const described = new Set<ts.Symbol>();
  const parts = [HEAD];
  for (const [name, file] of ENTRIES) {
    const source = program.getSourceFile(path(file));
    const module = source && checker.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`${file} is no module`);
    parts.push(`## ${name}`);
    const exported = checker.getExportsOfModule(module).map((symbol) => resolve(symbol, checker));
    const order = ['function', 'class', 'const', 'interface', 'type'];
    const sorted = exported.sort((a, b) => order.indexOf(kindOf(a)) - order.indexOf(kindOf(b)) || a.name.localeCompare(b.name));
    for (const symbol of sorted) {
      if (described.has(symbol)) continue;
      described.add(symbol);
      parts.push(section(symbol, checker));
    }
  }
  return `${parts.join('\n\n')}\n`;
}

function resolve(symbol: ts.Symbol, checker: ts.TypeChecker): ts.Symbol {
  return (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
}

function kindOf({ flags }: ts.Symbol): string {
  if (flags & ts.SymbolFlags.Function) return 'function';
  if (flags & ts.SymbolFlags.Class) return 'class';
  if (flags & ts.SymbolFlags.Interface) return 'interface';
  return flags & ts.SymbolFlags.TypeAlias ? 'type' : 'const';
}

function section(symbol: ts.Symbol, checker: ts.TypeChecker): string {
  const kind = kindOf(symbol);
  const declaration = symbol.declarations?.[0];
  if (declaration === undefined) throw new Error(`${symbol.name} is declared nowhere`);
  const parts = [`### ${symbol.name}`, ...docsOf(symbol, checker)];
  if (kind === 'function' || kind === 'const' || kind === 'type') return [...parts, code(signatureOf(declaration, checker))].join('\n\n');
  const members = checker
    .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol))
    .filter((member) => isOurs(member) && isPublic(member));
  if (kind === 'class') {
    parts.push(code(headOf(declaration as ts.ClassDeclaration)));
    for (const member of members) {
      const of = member.declarations?.[0] as ts.Declaration;
      parts.push([`#### ${symbol.name}.${nameOf(of)}`, ...docsOf(member, checker), code(signatureOf(of, checker))].join('\n\n'));
    }
    return parts.join('\n\n');
  }
  const rows = members.map((member) => {
    const of = member.declarations?.[0] as ts.PropertySignature | ts.MethodSignature;
    const isOptional = of.questionToken !== undefined;
    return [`\`${nameOf(of)}${isOptional ? '?' : ''}\``, `\`${typeOf(of)}\``, docsOf(member, checker).join(' ').replaceAll('\n', ' ')];
  });
  return [...parts, rows.length === 0 ? code(signatureOf(declaration, checker)) : table(['member', 'type', ''], rows)].join('\n\n');
}

/** Declared here, and not in the language's own library. */
function isOurs({ declarations = [] }: ts.Symbol): boolean {
  return declarations.some((declaration) => declaration.getSourceFile().fileName.includes('/packages/'));
}

function isPublic(symbol: ts.Symbol): boolean {
  const [declaration] = symbol.declarations ?? [];
  if (declaration === undefined || ts.isPrivateIdentifier((declaration as ts.NamedDeclaration).name ?? declaration)) return false;
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  const isHidden = (ts.getCombinedModifierFlags(declaration) & hidden) !== 0;
  return !isHidden && !symbol.getJsDocTags().some(({ name }) => name === 'internal');
}

function docsOf(symbol: ts.Symbol, checker: ts.TypeChecker): string[] {
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  const tags = symbol.getJsDocTags(checker).map(({ name, text: parts }) => {
    const words = ts.displayPartsToString(parts);
    const [first = '', ...rest] = words.split(' ');
    return name === 'param' ? `*\`${first}\`*: ${rest.join(' ')}` : `*${name}*: ${words}`;
  });
  return [text, ...tags].filter((part) => part !== '');
}

function nameOf(declaration: ts.Declaration): string {
  return (declaration as ts.NamedDeclaration).name?.getText() ?? '';
}

function typeOf(declaration: ts.PropertySignature | ts.MethodSignature): string {
  if (ts.isMethodSignature(declaration)) return oneLine(declaration.getText().slice(declaration.name.getText().length)).replace(/;$/, '');
  return oneLine(declaration.type?.getText() ?? 'unknown').replace(/ \| undefined$/, '');
}

/** What stands before the body; of a value its type. */
function signatureOf(declaration: ts.Declaration, checker: ts.TypeChecker): string {
  if (ts.isVariableDeclaration(declaration) || (ts.isPropertyDeclaration(declaration) && declaration.type === undefined)) {
    return `readonly ${nameOf(declaration)}: ${checker.typeToString(checker.getTypeAtLocation(declaration))}`;
  }
  const { body } = declaration as Partial<ts.FunctionLikeDeclaration>;
  const text = declaration.getSourceFile().text.slice(declaration.getStart(), body?.getStart() ?? declaration.end);
  const shown = ts.isGetAccessor(declaration) ? text.replace(/^get (\w+)\(\)/, 'readonly $1') : text.replace(/^(?:export |async )+/, '');
  return shown
    .replaceAll(/\/\*\*[\s\S]*?\*\/\s*/g, '')
    .trim()
    .replace(/^(readonly \w+: .*);$/, '$1');
}

function headOf(declaration: ts.ClassDeclaration): string {
  const text = declaration.getSourceFile().text.slice(declaration.getStart(), declaration.end);
  return text.slice(0, text.indexOf(' {\n')).replace(/^export /, '');
}

function oneLine(text: string): string {
  return text
    .replaceAll(/\/\*\*[\s\S]*?\*\//g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function code(text: string): string {
  return `\`\`\`ts\n${text}\n\`\`\``;
}
