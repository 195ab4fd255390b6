/**
 * Reads vigia's pushes in a React Native application: what came, whether it came before, which channel shows it,
 * where a tap leads, and how the device is registered.
 *
 * A plain module without dependencies: copy it. It needs `BigInt` (Hermes has it). The data of a push is described
 * by docs/schemas/push-v1.json; nothing here throws because a key is missing or unknown.
 */

/** The version of the data that this module reads. Keys may be added to it; none goes or changes its meaning. */
export const PUSH_VERSION = 1;

/** Ids of deliveries that are remembered; the oldest are forgotten first. */
export const REMEMBERED_MAX = 200;

const MEMORY_KEY = "vigia.push.deliveries";

/**
 * What a push tells. What is null was not told: of several notifications at once only how many they are, of an
 * account that the user may not read no amounts.
 *
 * @typedef {object} Push
 * @property {number} version
 * @property {string|null} event `notification`, or `notifications` where several come as one message.
 * @property {string|null} deliveryId The same for the same message, should it come twice.
 * @property {string|null} user External id of the user it is for: several may share a phone.
 * @property {number} count How many notifications it tells of, at least 1.
 * @property {string[]} notificationIds Ids in the inbox, the newest first; at most 20 of them.
 * @property {string|null} kind Which message, such as `SEND_RECEIVED`.
 * @property {string|null} category `money`, `trades`, `invitations`, `security` or `news`.
 * @property {string|null} account External id of the account.
 * @property {string|null} accountKind `personal` or `business`.
 * @property {string|null} activityId
 * @property {string|null} digest
 * @property {number|null} timestampMs
 * @property {string|null} activityKind
 * @property {string|null} direction `in`, `out` or `neutral`.
 * @property {string|null} status `completed` or `failed`.
 * @property {bigint|null} amount Minor units. Never make a number of it: numbers end at 2^53.
 * @property {string|null} coinType
 * @property {string|null} symbol
 * @property {number|null} decimals
 * @property {string|null} money The amount as people write it, such as `1,234.50 cUSD`; null where its decimals are not known.
 * @property {string|null} counterparty
 * @property {string|null} counterpartyName
 * @property {boolean|null} counterpartyIsExternal Whether the other party was nobody's account here.
 * @property {string|null} contract
 * @property {string|null} businessId
 * @property {string|null} note
 * @property {string} link Where a tap may lead: a suggestion, without the application's scheme.
 */

/**
 * @typedef {{status: "ok", push: Push}
 *   | {status: "not_vigia"}
 *   | {status: "unknown_version", version: string}} Read
 */

/**
 * Reads a message. What is of another version has its title and text all the same: show those, and nothing more.
 *
 * @param {object} remoteMessage As `@react-native-firebase/messaging` hands it over, or the data itself.
 * @param {string} [locale] The language in which amounts are written: `es`, `en`, `pt`.
 * @returns {Read}
 */
export function readPush(remoteMessage, locale = "es") {
  const data = dataOf(remoteMessage);
  const version = text(data, "version");
  if (version === null || text(data, "event") === null) return { status: "not_vigia" };
  if (version !== String(PUSH_VERSION)) return { status: "unknown_version", version };
  const amount = wholeNumber(data, "amount");
  const decimals = safeNumber(data, "decimals");
  const symbol = text(data, "symbol");
  const external = text(data, "counterparty_external");
  const push = {
    version: PUSH_VERSION,
    event: text(data, "event"),
    deliveryId: text(data, "delivery_id"),
    user: text(data, "user"),
    count: safeNumber(data, "count") ?? 1,
    notificationIds: (text(data, "notification_ids") ?? "").split(",").filter(Boolean),
    kind: text(data, "kind"),
    category: text(data, "category"),
    account: text(data, "account"),
    accountKind: text(data, "account_kind"),
    activityId: text(data, "activity_id"),
    digest: text(data, "digest"),
    timestampMs: safeNumber(data, "timestamp_ms"),
    activityKind: text(data, "activity_kind"),
    direction: text(data, "direction"),
    status: text(data, "status"),
    amount,
    coinType: text(data, "coin_type"),
    symbol,
    decimals,
    money: amount === null || decimals === null ? null : formatMoney(amount, decimals, symbol, locale),
    counterparty: text(data, "counterparty"),
    counterpartyName: text(data, "counterparty_name"),
    counterpartyIsExternal: external === null ? null : external === "true",
    contract: text(data, "contract"),
    businessId: text(data, "business_id"),
    note: text(data, "note"),
  };
  return { status: "ok", push: { ...push, link: linkOf(push) } };
}

/**
 * An amount as people of a language write it, as vigia's own texts do: at least two digits after the point, trailing
 * zeros beyond those dropped, nothing rounded. Digits are moved as text, since floats cannot hold them.
 *
 * @param {bigint} amount Minor units.
 * @param {number} decimals
 * @param {string|null} [symbol]
 * @param {string} [locale]
 * @returns {string|null} null where no coin has so many decimals.
 */
export function formatMoney(amount, decimals, symbol = null, locale = "es") {
  if (!Number.isInteger(decimals) || decimals < 0 || decimals > 38) return null;
  const [group, point] = language(locale) === "PT" ? [".", ","] : [",", "."];
  const isNegative = String(amount).startsWith("-");
  const digits = String(amount).replace("-", "").padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals).replace(/\B(?=(\d{3})+$)/g, group);
  const fraction = digits.slice(digits.length - decimals);
  const kept = Math.max(fraction.replace(/0+$/, "").length, Math.min(2, decimals));
  const number = (isNegative ? "-" : "") + whole + (kept > 0 ? point + fraction.slice(0, kept) : "");
  return symbol ? `${number} ${symbol}` : number;
}

/** One at a time: two messages that come at once would overwrite each other's memory. */
let turn = Promise.resolve();

/**
 * Whether a push came before, and remembers it. Providers may bring a message twice; it then has the same id.
 * Where the memory fails a push counts as new: better twice than never.
 *
 * @param {{getItem: (key: string) => Promise<string|null>, setItem: (key: string, value: string) => Promise<unknown>}} store
 *   `AsyncStorage`, or whatever is like it.
 * @param {Push} push
 * @returns {Promise<boolean>}
 */
export function isDuplicate(store, push) {
  const asked = turn.then(() => remember(store, push?.deliveryId));
  turn = asked.then(() => undefined);
  return asked;
}

async function remember(store, id) {
  if (!id) return false;
  try {
    const seen = idsOf(await store.getItem(MEMORY_KEY));
    if (seen.includes(id)) return true;
    await store.setItem(MEMORY_KEY, JSON.stringify([...seen, id].slice(-REMEMBERED_MAX)));
  } catch {
    // A full or broken memory keeps nobody from being told.
  }
  return false;
}

function idsOf(kept) {
  try {
    const ids = JSON.parse(kept);
    return Array.isArray(ids) ? ids : [];
  } catch {
    return [];
  }
}

/** The mutation by which a device is registered. */
export const REGISTER_DEVICE = `mutation RegisterDevice($input: DeviceInput!) {
  registerDevice(input: $input) { id isActive }
}`;

/**
 * Registers this device for whoever is signed in. Call it at every start and whenever the token changes: registered
 * again, a device stays the same one.
 *
 * @param {(query: string, variables: object) => Promise<{data?: any, errors?: {message: string}[]}>} fetchGraphQL
 *   Asks `/graphql` with the user's credentials.
 * @param {{token: string, platform?: "fcm"|"apns"|"web", locale?: string, appVersion?: string}} device
 *   `fcm` also on iOS, where Firebase brings the pushes.
 * @returns {Promise<{id: string, isActive: boolean}>}
 * @throws {Error} where vigia refuses it, with what it says.
 */
export async function registerDevice(fetchGraphQL, { token, platform = "fcm", locale, appVersion = "" }) {
  const input = { token, platform: platform.toUpperCase(), locale: language(locale), appVersion };
  const reply = await fetchGraphQL(REGISTER_DEVICE, { input });
  const device = reply?.data?.registerDevice;
  if (!device) throw new Error(reply?.errors?.[0]?.message ?? "the device was not registered");
  return device;
}

/**
 * The Android channel for a category. Make all of them at the first start: people can silence each by itself.
 *
 * @param {string|null} category
 * @returns {{id: string, importance: "high"|"default"|"low"}}
 */
export function channelFor(category) {
  const known = CHANNELS.find((channel) => channel.id === `vigia-${category}`);
  return known ?? CHANNELS[0];
}

/** All channels. What comes of a category that is added later is shown like money. */
export const CHANNELS = [
  { id: "vigia-money", importance: "high" },
  { id: "vigia-trades", importance: "high" },
  { id: "vigia-invitations", importance: "default" },
  { id: "vigia-security", importance: "high" },
  { id: "vigia-news", importance: "low" },
];

/** Where a tap leads: to what one notification is about, else to the inbox. */
function linkOf(push) {
  const part = encodeURIComponent;
  if (push.event !== "notification" || push.activityId === null) return "inbox";
  if (push.category === "trades" && push.businessId !== null) return `trades/${part(push.businessId)}`;
  return `activity/${part(push.activityId)}`;
}

function dataOf(remoteMessage) {
  const data = remoteMessage?.data ?? remoteMessage;
  return typeof data === "object" && data !== null ? data : {};
}

function text(data, key) {
  const value = Object.prototype.hasOwnProperty.call(data, key) ? data[key] : null;
  return typeof value === "string" && value !== "" ? value : null;
}

/** No more digits than amounts have: reading a number takes longer the longer it is. */
function wholeNumber(data, key) {
  const digits = text(data, key);
  return digits !== null && /^[0-9]{1,39}$/.test(digits) ? BigInt(digits) : null;
}

function safeNumber(data, key) {
  const number = Number(wholeNumber(data, key) ?? NaN);
  return Number.isSafeInteger(number) ? number : null;
}

/** The language in which vigia writes, null where it does not write in it: it then takes the user's. */
function language(locale) {
  const tag = String(locale ?? "").slice(0, 2).toUpperCase();
  return ["ES", "EN", "PT"].includes(tag) ? tag : null;
}
