-- Counts who was in each room before it was counted. Who changes participants locks their room first, so that none comes or goes
-- meanwhile; rooms are read as ever.
LOCK TABLE rooms.rooms IN EXCLUSIVE MODE;
UPDATE rooms.rooms SET participant_count = counted.people
FROM (SELECT room_id, count(*) FILTER (WHERE is_active) AS people FROM rooms.participants GROUP BY room_id) AS counted
WHERE counted.room_id = rooms.id;
