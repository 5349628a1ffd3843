/** Sealing to a device's key (docs/accounts.md): a bundle of its own, loaded where it is needed. */

/** The suite's number. */
export const SUITE = 1;
