-- What a database needs once it has been restored, before services use it. restore.sh runs it, as a superuser.

-- Statements are planned by the sizes of tables, which a dump does not have.
ANALYZE;
