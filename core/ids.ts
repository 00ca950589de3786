/** Identifiers from the configuration: lower-case words with dashes, chosen by the town and safe to show anywhere. */
export type SiteId = string;
export type GatewayId = string;
export type ApId = string;

/** 128 random bits in base64url. Travels to the gateway as RADIUS Class and says nothing about the device. */
export type GrantId = string;

/** Whether a text has the form of the words that we draw: 128 bits in base64url. No device address has it. */
export function isWord(text: string): boolean {
  return /^[\w-]{22}$/.test(text);
}
