import { createHash } from 'node:crypto';

/** A script that Redis runs as a whole. It gets every key that it touches as a key. */
export interface Script {
  readonly source: string;
  readonly sha: string;
}

function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}

/**
 * Adds to a total, which stops at the largest exact number. Redis refuses only what would be more than 2^63 - 1; but a
 * script that fails there leaves what it wrote before, for others too, without their counts. Returns whether the total was
 * nothing before.
 */
const ADD = `
local MOST = 9007199254740991
local function add(key, field, more)
  local total = redis.pcall('HINCRBY', key, field, string.format('%.0f', more))
  local isTooMuch = type(total) == 'table' and string.find(total.err, 'overflow', 1, true)
  if type(total) == 'number' and total <= MOST then return total == tonumber(more) end
  if type(total) == 'number' or isTooMuch then redis.call('HSET', key, field, string.format('%.0f', MOST))
  else redis.call('HINCRBY', key, field, string.format('%.0f', more)) end
end`;

/**
 * Does changes one after the other: of each a 1 if it was done, a 0 if something had changed and nothing of it was
 * written. Values: the channel; as JSON a list with, for each change, the number of its checks and they, how long its
 * writes are and they; as JSON where in this list octets belong; the octets.
 * What is counted is added up over all of them and written at the end, unless the sum would not be exact.
 */
export const COMMIT = script(`${ADD}
local list = cjson.decode(ARGV[2])
for i, place in ipairs(cjson.decode(ARGV[3])) do list[place] = ARGV[3 + i] end
local at, last, done, entries = 1, #list, {}, {}
local function flush(entry, what)
  local field = what == '' and entry.name or entry.name .. '\\0' .. what
  add(entry.counts, field, entry.sums[what])
  entry.sums[what] = 0
end
local function count(first, size)
  local id = list[first + 1] .. ' ' .. list[first + 5]
  local entry = entries[id]
  if not entry then
    entry = { counts = KEYS[list[first + 1]], names = KEYS[list[first + 3]],
      hours = KEYS[list[first + 4]], name = list[first + 5], hour = list[first + 6], sums = {} }
    entries[id] = entry
  end
  for i = first + 7, first + 2 + size, 2 do
    local what, amount = list[i], tonumber(list[i + 1])
    if (entry.sums[what] or 0) + amount > MOST then flush(entry, what) end
    entry.sums[what] = (entry.sums[what] or 0) + amount
  end
end
while at <= last do
  local good = true
  local stop = at + 5 * list[at]
  at = at + 1
  while at <= stop do
    if good then
      local found = redis.call(list[at], KEYS[list[at + 1]], list[at + 2])
      if list[at + 3] == 0 then good = not found else good = found == list[at + 4] end
    end
    at = at + 5
  end
  stop = at + list[at]
  at = at + 1
  while good and at <= stop do
    local command, size = list[at], list[at + 2]
    if command == 'count' then count(at, size)
    elseif command == 'tell' then redis.call('PUBLISH', ARGV[1], list[at + 3])
    else redis.call(command, KEYS[list[at + 1]], unpack(list, at + 3, at + 2 + size)) end
    at = at + 3 + size
  end
  at = stop + 1
  done[#done + 1] = good and '1' or '0'
end
for _, entry in pairs(entries) do
  for what in pairs(entry.sums) do flush(entry, what) end
  redis.call('ZADD', entry.names, 0, entry.name)
  redis.call('ZADD', entry.hours, entry.hour, entry.name)
end
return table.concat(done)
`);

/**
 * Writes what reports make of their sessions: of each a 1 if its session was as expected and nobody has ordered its end,
 * otherwise a 0; and if there is one 0, nothing was written. Keys: sessions and orders of each share, then those of the
 * commands. Values: how many shares; for each, how many sessions, their names, what lies there (nothing: empty), what will;
 * then commands: name, number of the key, how many values, they. ADD has an entry of an hour, the hour and what is added,
 * and three keys: counts, names, hours.
 */
export const REPORT = script(`${ADD}
local at, done, isRefused, puts = 2, {}, false, {}
for share = 0, ARGV[1] - 1 do
  local count = tonumber(ARGV[at])
  local lying = redis.call('HMGET', KEYS[2 * share + 1], unpack(ARGV, at + 1, at + count))
  local orders = {}
  if redis.call('EXISTS', KEYS[2 * share + 2]) == 1 then
    orders = redis.call('HMGET', KEYS[2 * share + 2], unpack(ARGV, at + 1, at + count))
  end
  local put = {}
  for i = 1, count do
    local isGood = (lying[i] or '') == ARGV[at + count + i] and not orders[i]
    isRefused = isRefused or not isGood
    done[#done + 1] = isGood and '1' or '0'
    put[2 * i - 1], put[2 * i] = ARGV[at + i], ARGV[at + 2 * count + i]
  end
  puts[share + 1] = put
  at = at + 3 * count + 1
end
if isRefused then return table.concat(done) end
for i, put in ipairs(puts) do redis.call('HSET', KEYS[2 * i - 1], unpack(put)) end
while at <= #ARGV do
  local command, key, stop = ARGV[at], tonumber(ARGV[at + 1]), at + 2 + ARGV[at + 2]
  if command == 'ADD' then
    local isNew = false
    for i = at + 5, stop, 2 do
      if add(KEYS[key], ARGV[at + 3] .. '\0' .. ARGV[i], ARGV[i + 1]) then isNew = true end
    end
    if isNew then
      redis.call('ZADD', KEYS[key + 1], 0, ARGV[at + 3])
      redis.call('ZADD', KEYS[key + 2], ARGV[at + 4], ARGV[at + 3])
    end
  else redis.call(command, KEYS[key], unpack(ARGV, at + 3, stop)) end
  at = stop + 1
end
return table.concat(done)
`);

/**
 * Adds the octets of sessions to their grants, once however often it is asked: a session says how much it has altogether,
 * and what of that was added before is kept beside the grant, and goes with it. A grant that is gone gets nothing.
 * Keys, for each session: grants, octets, credits of the grant. Values: channel; for each session: pseudonym, grant id,
 * session, its octets altogether. What has changed is told at once, ids with blanks between.
 */
export const CREDIT = script(`${ADD}
local changed = {}
for i = 1, #KEYS, 3 do
  local at = 2 + 4 * (i - 1) / 3
  local device, id, session, octets = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local before = redis.call('HGET', KEYS[i + 2], session)
  local grant = not before and redis.call('HGET', KEYS[i], device)
  if before or grant and string.find(grant, '"id":"' .. id .. '"', 1, true) then
    local more = tonumber(octets) - tonumber(before or '0')
    if more > 0 then
      add(KEYS[i + 1], device, more)
      redis.call('HSET', KEYS[i + 2], session, octets)
      changed[#changed + 1] = id
    end
  end
end
if changed[1] then redis.call('PUBLISH', ARGV[1], table.concat(changed, ' ')) end
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

/** The time by the clock of Redis; nothing if its user may not ask. Key: one that lies where the time is asked for. */
export const SERVER_TIME = script(`
local time = redis.pcall('TIME')
if time.err then return false end
return time[1] * 1000 + math.floor(time[2] / 1000)
`);
