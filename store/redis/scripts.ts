import { createHash } from 'node:crypto';

/** A script that Redis runs as a whole. It gets every key that it touches as a key. */
export interface Script {
  readonly source: string;
  readonly sha: string;
}

function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}

/** Does a `Change`: 1 if done, 0 if something had changed and nothing was written. */
export const COMMIT = script(`
local at = 2
for _ = 1, tonumber(ARGV[1]) do
  local found = redis.call(ARGV[at], KEYS[tonumber(ARGV[at + 1])], ARGV[at + 2])
  if ARGV[at + 3] == '0' then
    if found then return 0 end
  elseif found ~= ARGV[at + 4] then
    return 0
  end
  at = at + 5
end
while at <= #ARGV do
  local count = tonumber(ARGV[at + 2])
  redis.call(ARGV[at], KEYS[tonumber(ARGV[at + 1])], unpack(ARGV, at + 3, at + 2 + count))
  at = at + 3 + count
end
return 1
`);

/**
 * Adds a session's octets to its grant, once however often it is asked: the session says how much it has altogether, and
 * what of that was added before is kept beside the grant. A grant that is gone gets nothing.
 * Keys: grants, octets, credits of the grant. Values: pseudonym, grant id, session, its octets altogether.
 */
export const CREDIT = script(`
local grant = redis.call('HGET', KEYS[1], ARGV[1])
if not grant or not string.find(grant, ARGV[2], 1, true) then return 0 end
local more = tonumber(ARGV[4]) - tonumber(redis.call('HGET', KEYS[3], ARGV[3]) or '0')
if more > 0 then
  redis.call('HINCRBY', KEYS[2], ARGV[1], string.format('%.0f', more))
  redis.call('HSET', KEYS[3], ARGV[3], ARGV[4])
end
return 1
`);

/**
 * Lets a visitor wait. Keys: visitors, turns, since. Values: id, record, since, most at a time, milliseconds after which
 * Redis cleans up by itself.
 */
export const PUT_WAITING = script(`
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then
  local longest = redis.call('ZRANGE', KEYS[3], 0, 0)[1]
  redis.call('HDEL', KEYS[1], longest)
  redis.call('ZREM', KEYS[2], longest)
  redis.call('ZREM', KEYS[3], longest)
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
redis.call('ZADD', KEYS[3], ARGV[3], ARGV[1])
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[5]) end
return 1
`);

/**
 * Tells of those whose turn it is, and puts them behind those told less often. Keys: visitors, turns, since. Values: how
 * many, now, by how much a turn counts. A record begins with the end of its time and a blank.
 */
export const TAKE_WAITING = script(`
local told = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  if #told >= tonumber(ARGV[1]) then break end
  local record = redis.call('HGET', KEYS[1], id)
  if tonumber(string.match(record, '^%d+')) <= tonumber(ARGV[2]) then
    redis.call('HDEL', KEYS[1], id)
    redis.call('ZREM', KEYS[2], id)
    redis.call('ZREM', KEYS[3], id)
  else
    redis.call('ZINCRBY', KEYS[2], ARGV[3], id)
    told[#told + 1] = record
  end
end
return told
`);
