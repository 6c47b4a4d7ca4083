-- What a client id was used for, so that a repeat is told from another message. Messages of before, and those that replicas of the
-- release before still store, have none: a repeat of their ids is answered with them, whatever it says.
ALTER TABLE messages.messages ADD COLUMN client_digest text;
