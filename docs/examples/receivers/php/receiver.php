<?php

// Takes webhooks of vigia with what PHP 8.1 or later brings: sodium, and PDO with SQLite (Debian: php-cli, php-sqlite3).
//
//     VIGIA_WEBHOOK_KEYS="whpk_..." php -S 127.0.0.1:8002 receiver.php
//
// and in vigia.toml
//
//     [[webhooks]]
//     name = "php"
//     url = "http://127.0.0.1:8002/vigia"
//     key_files = ["php.key"]
//
// VIGIA_WEBHOOK_KEYS holds what `vigia webhooks key` printed (whpk_...) or a shared secret (whsec_...); several apart by
// blanks, while a key is changed. DATABASE is the file of the database (receiver.db). PHP's own server is for trying: behind
// nginx with PHP-FPM the script is the same.
//
// The id and the work are one transaction, so after a kill both are there or neither; an id that is known changes nothing.
// The work is one INSERT here. What takes longer belongs into a queue, put there in the same transaction.

declare(strict_types=1);

const TOLERANCE_S = 300;
const BODY_BYTES_MAX = 262_144;

// ANCHOR: verify
/** Whether a webhook is vigia's. `$body` holds the bytes as they came, before anything is parsed. */
function is_authentic(string $body, string $id, string $stamp, string $signatures, array $keys): bool
{
    if (!preg_match('/\A[A-Za-z0-9_-]{1,32}\z/', $id) || !preg_match('/\A[0-9]{1,12}\z/', $stamp)) {
        return false;
    }
    if (abs(time() - (int) $stamp) > TOLERANCE_S) {
        return false;
    }
    $content = "$id.$stamp.$body";
    foreach (explode(' ', $signatures) as $signature) {
        [$version, $encoded] = array_pad(explode(',', $signature, 2), 2, '');
        $given = base64_decode($encoded, true);
        foreach ($keys as $key) {
            if ($given !== false && is_by($key, $version, $given, $content)) {
                return true;
            }
        }
    }
    return false;
}

function is_by(string $key, string $version, string $given, string $content): bool
{
    if ($version === 'v1' && str_starts_with($key, 'whsec_')) {
        $secret = base64_decode(substr($key, strlen('whsec_')), true);
        return hash_equals(hash_hmac('sha256', $content, $secret, true), $given); // takes as long whatever differs
    }
    if ($version === 'v1a' && str_starts_with($key, 'whpk_')) {
        $public = base64_decode(substr($key, strlen('whpk_')), true);
        return strlen($given) === SODIUM_CRYPTO_SIGN_BYTES
            && sodium_crypto_sign_verify_detached($given, $content, $public);
    }
    return false;
}
// ANCHOR_END: verify

function database(): PDO
{
    $database = new PDO('sqlite:' . (getenv('DATABASE') ?: 'receiver.db'));
    $database->exec('PRAGMA busy_timeout = 30000');
    $database->exec('CREATE TABLE IF NOT EXISTS movement (
        id TEXT PRIMARY KEY, type TEXT NOT NULL, account TEXT, kind TEXT, direction TEXT,
        coin TEXT, amount TEXT, digest TEXT)');
    return $database;
}

// ANCHOR: add
/** False where the id is known: nothing changes. */
function add(PDO $database, string $id, array $event): bool
{
    $activity = $event['activity'] ?? [];
    $insert = $database->prepare('INSERT INTO movement (id, type, account, kind, direction, coin, amount, digest)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING');
    $insert->execute([
        $id,
        $event['type'],
        $activity['account']['externalId'] ?? null,
        $activity['kind'] ?? null,
        $activity['direction'] ?? null,
        $activity['coin']['type'] ?? null,
        $activity['amount'] ?? null, // minor units as text: no float ever sees them
        $activity['digest'] ?? null,
    ]);
    return $insert->rowCount() === 1;
}
// ANCHOR_END: add

/** What to answer. */
function receive(): int
{
    $keys = array_filter(explode(' ', getenv('VIGIA_WEBHOOK_KEYS') ?: ''));
    if ($keys === []) {
        error_log('VIGIA_WEBHOOK_KEYS names no key');
        return 500;
    }
    if (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) !== '/vigia') {
        return 404;
    }
    if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
        return 405;
    }
    $body = file_get_contents('php://input', false, null, 0, BODY_BYTES_MAX + 1);
    if (strlen($body) > BODY_BYTES_MAX) {
        return 413;
    }
    $header = fn (string $name): string => $_SERVER["HTTP_WEBHOOK_$name"] ?? '';
    $id = $header('ID');
    if (!is_authentic($body, $id, $header('TIMESTAMP'), $header('SIGNATURE'), $keys)) {
        return 400;
    }
    $event = json_decode($body, true);
    if (!is_array($event)) {
        return 400;
    }
    if (add(database(), $id, $event)) {
        error_log("handled $id");
    }
    return 204;
}

// What fails is answered with 500, and vigia tells it again.
http_response_code(500);
ini_set('display_errors', '0');
http_response_code(receive());
