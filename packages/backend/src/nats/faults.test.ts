import { describe, expect, it } from 'vitest';
import { connectFinding, jetStreamFinding, replicasFinding, serverFindings, wordsOf } from './faults.js';

const LIMITS = { messageBytesMax: 512 * 1024 };
const subjects = (findings: readonly { subject: string }[]): string[] => findings.map(({ subject }) => subject);

describe('a server', () => {
  it.each(['2.9.10', '2.9.11', '2.10.0', '2.15.1', '3.0.0', '2.11.0-preview.1', 'v2.12.4'])('of version %s is new enough', (version) => {
    expect(serverFindings({ version, maxPayloadBytes: 1_048_576 }, LIMITS)).toEqual([]);
  });

  it.each(['2.9.9', '2.8.4', '1.99.99', '2.9.9-RC.1'])('of version %s is too old, and it is said which is not', (version) => {
    const findings = serverFindings({ version, maxPayloadBytes: 1_048_576 }, LIMITS);
    expect(subjects(findings)).toEqual(['nats-server']);
    expect(findings[0]?.text).toContain(version);
    expect(findings[0]?.text).toContain('2.9.10');
  });

  it('must take a message with its headers', () => {
    const needed = 512 * 1024 + 64 * 1024;
    expect(serverFindings({ version: '2.9.10', maxPayloadBytes: needed }, LIMITS)).toEqual([]);
    const findings = serverFindings({ version: '2.9.10', maxPayloadBytes: needed - 1 }, LIMITS);
    expect(subjects(findings)).toEqual(['max_payload']);
    expect(findings[0]?.text).toContain(`${needed}`);
  });

  it('that has several faults is told all of them', () => {
    const findings = serverFindings({ version: '2.2.0', maxPayloadBytes: 1_024 }, LIMITS);
    expect(wordsOf(findings)).toMatch(/^nats-server: .*; max_payload: /);
  });
});

describe('a connection that failed', () => {
  const failed = (code: string): Error => Object.assign(new Error('what the system says'), { code });

  it.each([
    ['ECONNREFUSED', 'nothing listens there'],
    ['ENOTFOUND', 'no such host'],
    ['ETIMEDOUT', 'it did not answer in time'],
  ])('with %s may come right by itself', (code, words) => {
    const finding = connectFinding('nats-0:4222', new Error('wrapped', { cause: failed(code) }), {});
    expect(finding).toMatchObject({ subject: 'backend', passing: true });
    expect(finding.text).toContain(`nats-0:4222 cannot be reached (${words})`);
  });

  it.each([
    ['ERR_TLS_CERT_ALTNAME_INVALID', {}, 'backend'],
    ['SELF_SIGNED_CERT_IN_CHAIN', {}, 'nats.tls.ca'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', { ca: 'a' }, 'nats.tls.ca'],
    ['CERT_HAS_EXPIRED', {}, 'nats.tls'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', {}, 'nats.tls.cert'],
  ])('with %s needs another setting', (code, tls, subject) => {
    const finding = connectFinding('nats-0:4222', failed(code), { tls });
    expect(finding).toMatchObject({ subject, passing: false });
    expect(finding.text).toContain(code);
  });
});

it('tells a cluster without a leader from an account without JetStream', () => {
  const api = (code: number): Error => Object.assign(new Error('what the server says'), { code });
  expect(jetStreamFinding(api(10_008))).toMatchObject({ subject: 'jetstream', passing: true });
  expect(jetStreamFinding(api(10_039))).toMatchObject({ subject: 'jetstream', passing: false });
  expect(jetStreamFinding(new Error('timeout'))).toMatchObject({ subject: 'jetstream', passing: true });
});

it('tells a server that stands alone from a cluster of which too few run, and both from other faults', () => {
  const api = (code: number): Error => new Error('wrapped', { cause: Object.assign(new Error('what the server says'), { code }) });
  expect(replicasFinding(api(10_074), 3)).toMatchObject({ subject: 'nats.replicas', passing: false });
  expect(replicasFinding(api(10_005), 3)).toMatchObject({ subject: 'nats.replicas', passing: true });
  expect(replicasFinding(api(10_039), 3)).toBeUndefined();
});
