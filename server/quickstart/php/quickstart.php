<?php
// Asks usersigd for a UserSig and a PrivateMapKey, and checks a token.
//
// php quickstart.php USERID ROOM, with PHP 8.0 or later and its extension curl.

declare(strict_types=1);

if ($argc !== 3 || !ctype_digit($argv[2]) || !getenv('USERSIG_URL') || !getenv('USERSIG_APP') || !getenv('USERSIG_API_KEY_FILE')) {
    fwrite(STDERR, "usage: php quickstart.php USERID ROOM, with USERSIG_URL, USERSIG_APP and USERSIG_API_KEY_FILE set\n");
    exit(1);
}

// region call
const ATTEMPTS = 4;

/** usersigd did not do what it was asked, and says why. */
class Problem extends RuntimeException
{
    public string $reason; // to branch on
    public string $requestId; // to find it in the server's logs
    public ?array $refusal; // code, reason, message, remedy; or null

    public function __construct(public int $status, array $body)
    {
        $this->reason = $body['reason'] ?? 'unknown';
        $this->requestId = $body['request_id'] ?? '';
        $this->refusal = $body['refusal'] ?? null;
        parent::__construct("$status $this->reason: " . ($body['detail'] ?? $body['title'] ?? ''));
    }
}

/**
 * Posts a body to the application's part of the API and returns the reply. Trying again is safe:
 * what is issued twice is two tokens, and both are good.
 */
function call(string $path, array $body): array
{
    static $apiKey = null;
    $apiKey ??= trim(file_get_contents(getenv('USERSIG_API_KEY_FILE')));
    for ($attempt = 1; ; $attempt++) {
        $wait = 1;
        $curl = curl_init(getenv('USERSIG_URL') . '/v1/apps/' . getenv('USERSIG_APP') . "/$path");
        curl_setopt_array($curl, [
            CURLOPT_POSTFIELDS => json_encode($body, JSON_THROW_ON_ERROR),
            CURLOPT_HTTPHEADER => ["Authorization: Bearer $apiKey", 'Content-Type: application/json'],
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_TIMEOUT => 10,
            CURLOPT_HEADERFUNCTION => function ($curl, string $line) use (&$wait): int {
                if (preg_match('/^Retry-After: *(\d+)/i', $line, $m)) {
                    $wait = min((int) $m[1], 30);
                }
                return strlen($line);
            },
        ]);
        $text = curl_exec($curl);
        if ($text === false) {
            throw new RuntimeException(curl_error($curl));
        }
        $status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
        $reply = json_decode($text, true); // null if it is a proxy's page
        if ($status === 200) {
            return $reply;
        }
        if (!in_array($status, [429, 503], true) || $attempt === ATTEMPTS) {
            throw new Problem($status, is_array($reply) ? $reply : []);
        }
        sleep($wait);
    }
}
// endregion

// region tokens
/** A UserSig for a user who has logged in to the app, good for a day. */
function usersig(string $user): string
{
    return call('usersigs', ['userid' => $user, 'ttl' => 86400])['usersig'];
}

/** Lets a user enter one room, listen and watch, for an hour. */
function privateMapKey(string $user, int $room): string
{
    $wish = ['userid' => $user, 'room' => ['id' => $room], 'allow' => 'audience', 'ttl' => 3600];
    return call('privatemapkeys', $wish)['privatemapkey'];
}

/** The server's verdict: its keys, revocations and blocks, and not the signature alone. */
function verify(string $token, string $user): array
{
    return call('verify', ['token' => $token, 'userid' => $user]);
}
// endregion

// region use
function told(array $refusal): string
{
    return "{$refusal['code']} {$refusal['reason']}: {$refusal['message']}; {$refusal['remedy']}";
}

function main(string $user, int $room): void
{
    $token = usersig($user);
    echo "usersig $token\n";
    echo 'privatemapkey ', privateMapKey($user, $room), "\n";
    foreach ([$user, 'mallory'] as $claimed) {
        $verdict = verify($token, $claimed);
        echo $verdict['ok']
            ? "good: {$verdict['userid']} until {$verdict['expires_at']}\n"
            : 'refused: ' . told($verdict['refusal']) . "\n";
    }
}

try {
    main($argv[1], (int) $argv[2]);
} catch (Problem $problem) {
    fwrite(STDERR, "{$problem->getMessage()} request $problem->requestId\n");
    if ($problem->refusal !== null) {
        fwrite(STDERR, told($problem->refusal) . "\n");
    }
    exit(1);
}
// endregion
