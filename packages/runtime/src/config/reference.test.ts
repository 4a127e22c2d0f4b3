import { expect, it } from 'vitest';
import { configJsonSchema, configReference } from './reference.js';

const docs = '../../../../docs/reference';

it('docs/reference/configuration.md says of every setting what the schema says, and of no other', async () => {
  await expect(configReference()).toMatchFileSnapshot(`${docs}/configuration.md`);
});

it('docs/reference/config.schema.json is the schema that configurations are read with', async () => {
  await expect(configJsonSchema()).toMatchFileSnapshot(`${docs}/config.schema.json`);
});
