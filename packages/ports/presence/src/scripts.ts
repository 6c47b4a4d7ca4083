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
 *   user:<user>    hash    status · seen (ms) · @<life> per life that holds the user; expires while none does
 *   typing:<room>  zset    user → until when (ms)
 *
 * Ids only ever end a key or stand alone as a member, so no id can be taken for another key. Time is Redis's.
 */
const prelude = `
local prefix = ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local leases, lives = prefix .. 'leases', prefix .. 'lives'

local function text(ms) return string.format('%.0f', ms) end
local function userKey(id) return prefix .. 'user:' .. id end
local function heldKey(life) return prefix .. 'held:' .. life end

local seenLeases = {}
local function leasedUntil(life)
  if not seenLeases[life] then seenLeases[life] = tonumber(redis.call('ZSCORE', leases, life) or '0') end
  return seenLeases[life]
end

local function read(id)
  local user = { status = 'online', seen = 0, holds = {}, leased = 0 }
  local fields = redis.call('HGETALL', userKey(id))
  for i = 1, #fields, 2 do
    local field, value = fields[i], fields[i + 1]
    if field == 'status' then user.status = value
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

local function remember(id) redis.call('PEXPIRE', userKey(id), ${rememberedMs}) end

-- Takes the dead lives off the user too, so that no later call reports the change again.
local function depart(id, user, seen)
  if #user.holds > 0 then redis.call('HDEL', userKey(id), unpack(user.holds)) end
  redis.call('HSET', userKey(id), 'seen', text(seen))
  remember(id)
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

// ARGV: instanceId, then user and status ('' for none) in turn → user, before, after in turn
const connect = `
local life = redis.call('HGET', lives, 'boot:' .. ARGV[2])
local held = life and leasedUntil(life) > now
for i = 3, #ARGV, 2 do
  local id, status = ARGV[i], ARGV[i + 1]
  local user = read(id)
  -- Not reported(): whoever looked since the lease ran out saw the user offline, and must be told.
  local before = user.live and user.status or 'offline'
  if status == '' then status = user.status else redis.call('HSET', userKey(id), 'status', status) end
  if held then
    redis.call('HSET', userKey(id), '@' .. life, '')
    redis.call('SADD', heldKey(life), id)
    redis.call('PERSIST', userKey(id))
  elseif #user.holds == 0 then
    remember(id)
  end
  report(id, before, (held or user.live) and status or 'offline')
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

// ARGV: user, status → user, before, after
const setStatus = `
local id = ARGV[2]
local user = read(id)
redis.call('HSET', userKey(id), 'status', ARGV[3])
if not user.live then
  if #user.holds > 0 then depart(id, user, user.leased) else remember(id) end
end
report(id, reported(user), user.live and ARGV[3] or 'offline')
return answer
`;

// ARGV: users → status and lastSeen in ms ('' for never) in turn
const lookup = `
for i = 2, #ARGV do
  local user = read(ARGV[i])
  local seen = user.live and now or math.max(user.seen, user.leased)
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

// ARGV: room, user, ttlMs → 1 when the user was not typing
const startTyping = `
local room = prefix .. 'typing:' .. ARGV[2]
redis.call('ZREMRANGEBYSCORE', room, '-inf', text(now))
local fresh = redis.call('ZADD', room, text(now + ARGV[4]), ARGV[3])
if redis.call('PTTL', room) < tonumber(ARGV[4]) then redis.call('PEXPIRE', room, ARGV[4]) end
return fresh
`;

// ARGV: room, user → 1 when the user was typing
const stopTyping = `
local room = prefix .. 'typing:' .. ARGV[2]
local till = redis.call('ZSCORE', room, ARGV[3])
redis.call('ZREM', room, ARGV[3])
return till and tonumber(till) > now and 1 or 0
`;

// ARGV: room → users
const typing = `
return redis.call('ZRANGEBYSCORE', prefix .. 'typing:' .. ARGV[2], '(' .. text(now), '+inf')
`;

const bodies = { renew, connect, disconnect, setStatus, lookup, drain, startTyping, stopTyping, typing };

export type ScriptName = `presence_${keyof typeof bodies}`;

/** The scripts as ioredis takes them; the first argument of each is the key prefix. */
export const scripts = Object.fromEntries(
  Object.entries(bodies).map(([name, body]) => [`presence_${name}`, { lua: prelude + body, numberOfKeys: 0 }]),
);
