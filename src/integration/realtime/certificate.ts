import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** Life of the certificate: longer than any process that serves with it. */
const VALID_DAYS = 365;
const DAY_MS = 86_400_000;

/** DER tags used here (X.690). */
const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_ID = 0x06;
const UTF8_STRING = 0x0c;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;

/** Content octets of the object identifiers, in hex. */
const ECDSA_WITH_SHA256 = '2a8648ce3d040302';
const COMMON_NAME = '550403';
const BASIC_CONSTRAINTS = '551d13';
const SUBJECT_ALT_NAME = '551d11';

export interface SelfSigned {
  readonly keyPem: string;
  readonly certificatePem: string;
}

/**
 * A fresh key and a self-signed certificate for the loopback names (`localhost`, `127.0.0.1`, `::1`).
 *
 * Made here because Node can sign but not issue, and because a key in the repository would be nobody's secret. X.509 v3
 * (RFC 5280), ECDSA P-256 with SHA-256. It is its own authority: a client trusts it by naming it as `ca`.
 */
export function selfSignedCertificate(): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = der(SEQUENCE, objectId(ECDSA_WITH_SHA256));
  const commonName = der(SEQUENCE, objectId(COMMON_NAME), der(UTF8_STRING, Buffer.from('sessionchart local')));
  const name = der(SEQUENCE, der(SET, commonName));
  // Real time, not the clock of the service: it is the client's TLS library that judges it. A day of slack for skew.
  const validity = der(SEQUENCE, time(Date.now() - DAY_MS), time(Date.now() + VALID_DAYS * DAY_MS));
  const serial = randomBytes(16);
  serial[0] = (serial.readUInt8(0) & 0x3f) | 0x40; // positive, and no leading zero
  const isAuthority = der(SEQUENCE, der(BOOLEAN, Buffer.of(0xff)));
  const names = der(
    SEQUENCE,
    der(0x82, Buffer.from('localhost')),
    der(0x87, Buffer.of(127, 0, 0, 1)),
    der(0x87, Buffer.concat([Buffer.alloc(15), Buffer.of(1)])),
  );
  const body = der(
    SEQUENCE,
    der(0xa0, der(INTEGER, Buffer.of(2))),
    der(INTEGER, serial),
    algorithm,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      der(SEQUENCE, extension(BASIC_CONSTRAINTS, true, isAuthority), extension(SUBJECT_ALT_NAME, false, names)),
    ),
  );
  const signature = der(BIT_STRING, Buffer.of(0), sign('sha256', body, privateKey));
  return {
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificatePem: pem(der(SEQUENCE, body, algorithm, signature)),
  };
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.of(tag, ...length), content]);
}

const objectId = (hex: string): Buffer => der(OBJECT_ID, Buffer.from(hex, 'hex'));

/** `YYYYMMDDHHMMSSZ`. */
const time = (ms: number): Buffer =>
  der(GENERALIZED_TIME, Buffer.from(`${new Date(ms).toISOString().replace(/\D/g, '').slice(0, 14)}Z`));

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  const flag = critical ? [der(BOOLEAN, Buffer.of(0xff))] : [];
  return der(SEQUENCE, objectId(id), ...flag, der(OCTET_STRING, value));
}

function pem(certificate: Buffer): string {
  const lines = certificate
    .toString('base64')
    .match(/.{1,64}/g)
    ?.join('\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}
