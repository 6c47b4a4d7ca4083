// The Lua scripts of the Redis adapter: each one is an atomic step of presence.
import { rememberedMs } from "./arguments.js";

/*
 * Layout, under the prefix. An instance's time between two losses of its lease is a life, and has a number of its own,
 * so that what is left of a dead life is never mistaken for the instance that came back.
 *
 *   counter        the number of the newest life
 *   lives          hash    boot:<instance> → its life now · life:<life> → its instance
 *   leases         zset    life → when its lease runs out (ms)
 *   held:<life>    set     users with a socket there
 *   user:<user>    hash    status, unless unknown · seen (ms) · @<life> per life that holds the user; expires while none does
 *   chosen:<user>  hash    revision of that status
 *   rooms:<user>   hash    room → the lives at which the user has it open; one that does not hold the user counts as none
 *   typing:<room>  zset    user → until when (ms)
 *   typists:<room> zset    <life>:<user> → until when (ms)
 *   clock          hash    epoch · at, of the last moment
 *
 * Ids only ever end a key, or a member behind a number, or stand alone, so no id can be taken for another key. Time is Redis's.
 *
 * Gateways of the release before write typing without typists, and a status without its revision; they take every other field of a
 * user for a life.
 */
const prelude = `
local prefix = ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local leases, lives = prefix .. 'leases', prefix .. 'lives'

local function text(ms) return string.format('%.0f', ms) end
local function userKey(id) return prefix .. 'user:' .. id end
local function roomsKey(id) return prefix .. 'rooms:' .. id end
local function heldKey(life) return prefix .. 'held:' .. life end

local seenLeases = {}
local function leasedUntil(life)
  if not seenLeases[life] then seenLeases[life] = tonumber(redis.call('ZSCORE', leases, life) or '0') end
  return seenLeases[life]
end

local function read(id)
  local user = { status = 'invisible', known = false, seen = 0, holds = {}, leased = 0 }
  local fields = redis.call('HGETALL', userKey(id))
  for i = 1, #fields, 2 do
    local field, value = fields[i], fields[i + 1]
    if field == 'status' then user.status, user.known = value, true
    elseif field == 'seen' then user.seen = tonumber(value)
    else
      table.insert(user.holds, field)
      user.leased = math.max(user.leased, leasedUntil(string.sub(field, 2)))
    end
  end
  user.live = user.leased > now
  return user
end

-- A user whose lives are all dead counts as online here until a call has reported the change.
local function reported(user) return #user.holds > 0 and user.status or 'offline' end

local function isVisible(user) return user.live and user.status ~= 'invisible' end

local function remember(id)
  redis.call('PEXPIRE', userKey(id), ${rememberedMs})
  redis.call('PEXPIRE', roomsKey(id), 1000)
end

-- Takes the dead lives off the user too, so that no later call reports the change again.
local function depart(id, user, seen)
  if #user.holds > 0 then redis.call('HDEL', userKey(id), unpack(user.holds)) end
  if user.status ~= 'invisible' then redis.call('HSET', userKey(id), 'seen', text(seen)) end
  remember(id)
end

-- Unless a later choice is known. Who becomes invisible was last seen now.
local function choose(id, user, status, revision)
  local chosen = prefix .. 'chosen:' .. id
  if user.known and tonumber(revision) <= tonumber(redis.call('HGET', chosen, 'revision') or '0') then return end
  redis.call('HSET', chosen, 'revision', revision)
  redis.call('PEXPIRE', chosen, ${rememberedMs})
  if isVisible(user) and status == 'invisible' then redis.call('HSET', userKey(id), 'seen', text(now)) end
  redis.call('HSET', userKey(id), 'status', status)
  user.status, user.known = status, true
end

-- Goes on also when Redis' own time goes back, or a failover lost the last steps.
local function moment()
  local clock = prefix .. 'clock'
  local epoch = redis.call('HGET', clock, 'epoch')
  if not epoch then
    epoch = time[1] .. '.' .. time[2]
    redis.call('HSET', clock, 'epoch', epoch)
  end
  local at = math.max(tonumber(redis.call('HGET', clock, 'at') or '0') + 1, time[1] * 1000000 + time[2])
  redis.call('HSET', clock, 'at', text(at))
  return epoch, text(at)
end

local answer = {}
local function report(id, before, after)
  table.insert(answer, id)
  table.insert(answer, before)
  table.insert(answer, after)
end
`;

// ARGV: instanceId, leaseMs → 1 when the instance's lease was still running
const renew = `
local life = redis.call('HGET', lives, 'boot:' .. ARGV[2])
local known = life and leasedUntil(life) > now
if not known then
  life = text(redis.call('INCR', prefix .. 'counter'))
  redis.call('HSET', lives, 'boot:' .. ARGV[2], life, 'life:' .. life, ARGV[2])
end
redis.call('ZADD', leases, text(now + ARGV[3]), life)
return known and 1 or 0
`;

// ARGV: instanceId, then user, status ('' for no choice) and revision in turn → user, before, after and '1' when known, in turn
const connect = `
local life = redis.call('HGET', lives, 'boot:' .. ARGV[2])
local held = life and leasedUntil(life) > now
for i = 3, #ARGV, 3 do
  local id, status = ARGV[i], ARGV[i + 1]
  local user = read(id)
  -- Not reported(): whoever looked since the lease ran out saw the user offline, and must be told.
  local before = user.live and user.status or 'offline'
  if status ~= '' then choose(id, user, status, ARGV[i + 2]) end
  if held then
    redis.call('HSET', userKey(id), '@' .. life, '')
    redis.call('SADD', heldKey(life), id)
    redis.call('PERSIST', userKey(id))
    redis.call('PERSIST', roomsKey(id))
  elseif #user.holds == 0 then
    remember(id)
  end
  report(id, before, (held or user.live) and user.status or 'offline')
  table.insert(answer, user.known and '1' or '')
end
return answer
`;

// ARGV: instanceId, then users → user, before, after in turn
const disconnect = `
local life = redis.call('HGET', lives, 'boot:' .. ARGV[2])
for i = 3, #ARGV do
  local id = ARGV[i]
  local before = reported(read(id))
  if life then
    redis.call('HDEL', userKey(id), '@' .. life)
    redis.call('SREM', heldKey(life), id)
  end
  local user = read(id)
  if before ~= 'offline' and not user.live then depart(id, user, now) end
  report(id, before, user.live and user.status or 'offline')
end
return answer
`;

// ARGV: user, status, revision → user, before, after
const setStatus = `
local id = ARGV[2]
local user = read(id)
local before = reported(user)
choose(id, user, ARGV[3], ARGV[4])
if not user.live then
  if #user.holds > 0 then depart(id, user, user.leased) else remember(id) end
end
report(id, before, user.live and user.status or 'offline')
return answer
`;

// ARGV: users → epoch and moment, then status and lastSeen in ms ('' for never) in turn
const lookup = `
answer = { moment() }
for i = 2, #ARGV do
  local user = read(ARGV[i])
  local seen = user.seen
  if user.status ~= 'invisible' then seen = user.live and now or math.max(seen, user.leased) end
  table.insert(answer, user.live and user.status or 'offline')
  table.insert(answer, seen > 0 and text(seen) or '')
end
return answer
`;

// ARGV: most users to take from a life whose lease is over → 'some' or, when there is no such life, 'none'; then user, before, after in turn
const drain = `
local life = redis.call('ZRANGEBYSCORE', leases, '-inf', text(now), 'LIMIT', 0, 1)[1]
if not life then return { 'none' } end
table.insert(answer, 'some')
for _, id in ipairs(redis.call('SPOP', heldKey(life), ARGV[2])) do
  if redis.call('HDEL', userKey(id), '@' .. life) == 1 then
    local user = read(id)
    if not user.live then
      depart(id, user, math.max(user.leased, leasedUntil(life)))
      report(id, user.status, 'offline')
    end
  end
end
if redis.call('EXISTS', heldKey(life)) == 0 then
  local instance = redis.call('HGET', lives, 'life:' .. life)
  if instance and redis.call('HGET', lives, 'boot:' .. instance) == life then
    redis.call('HDEL', lives, 'boot:' .. instance)
  end
  redis.call('HDEL', lives, 'life:' .. life)
  redis.call('ZREM', leases, life)
end
return answer
`;

// ARGV: instanceId, room, user, ttlMs → '1' when others see the user online, epoch and moment
const startTyping = `
local id = ARGV[4]
if not isVisible(read(id)) then return { '', moment() } end
local life = redis.call('HGET', lives, 'boot:' .. ARGV[2]) or '0'
local function add(key, member)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', text(now))
  redis.call('ZADD', key, text(now + ARGV[5]), member)
  if redis.call('PTTL', key) < tonumber(ARGV[5]) then redis.call('PEXPIRE', key, ARGV[5]) end
end
add(prefix .. 'typing:' .. ARGV[3], id)
add(prefix .. 'typists:' .. ARGV[3], life .. ':' .. id)
return { '1', moment() }
`;

// ARGV: room, user, instanceId ('' for all) → '1' when the user was typing and is not any more, epoch and moment
const stopTyping = `
local typing, typists, id = prefix .. 'typing:' .. ARGV[2], prefix .. 'typists:' .. ARGV[2], ARGV[3]
local life = ARGV[4] ~= '' and (redis.call('HGET', lives, 'boot:' .. ARGV[4]) or '0')
local was = tonumber(redis.call('ZSCORE', typing, id) or '0') > now
local rest = 0
for _, member in ipairs(redis.call('ZRANGEBYSCORE', typists, '(' .. text(now), '+inf')) do
  local colon = string.find(member, ':', 1, true)
  if string.sub(member, colon + 1) == id then
    if life and string.sub(member, 1, colon - 1) ~= life then
      rest = math.max(rest, tonumber(redis.call('ZSCORE', typists, member)))
    else
      redis.call('ZREM', typists, member)
    end
  end
end
if rest > 0 then redis.call('ZADD', typing, text(rest), id) else redis.call('ZREM', typing, id) end
return { was and rest == 0 and '1' or '', moment() }
`;

// ARGV: room → users
const typing = `
for _, id in ipairs(redis.call('ZRANGEBYSCORE', prefix .. 'typing:' .. ARGV[2], '(' .. text(now), '+inf')) do
  if isVisible(read(id)) then table.insert(answer, id) end
end
return answer
`;

// ARGV: instanceId, then room, user and '1' for open in turn → epoch and moment, then '1' when others see the user online and '1'
// when no other instance has the room open for them, in turn
const setOpen = `
local own = redis.call('HGET', lives, 'boot:' .. ARGV[2])
local users = {}
answer = { moment() }
for i = 3, #ARGV, 3 do
  local room, id = ARGV[i], ARGV[i + 1]
  local user = users[id] or read(id)
  users[id] = user
  local holds, open = {}, {}
  for _, hold in ipairs(user.holds) do holds[string.sub(hold, 2)] = true end
  for life in string.gmatch(redis.call('HGET', roomsKey(id), room) or '', '%d+') do
    if life ~= own and holds[life] and leasedUntil(life) > now then table.insert(open, life) end
  end
  table.insert(answer, isVisible(user) and '1' or '')
  table.insert(answer, #open == 0 and '1' or '')
  if own and ARGV[i + 2] == '1' then table.insert(open, own) end
  if #open > 0 then
    redis.call('HSET', roomsKey(id), room, table.concat(open, ' '))
    if not user.live then redis.call('PEXPIRE', roomsKey(id), 1000) end
  else
    redis.call('HDEL', roomsKey(id), room)
  end
end
return answer
`;

const bodies = { renew, connect, disconnect, setStatus, lookup, drain, startTyping, stopTyping, typing, setOpen };

export type ScriptName = `presence_${keyof typeof bodies}`;

/** The scripts as ioredis takes them; the first argument of each is the key prefix. */
export const scripts = Object.fromEntries(
  Object.entries(bodies).map(([name, body]) => [`presence_${name}`, { lua: prelude + body, numberOfKeys: 0 }]),
);
