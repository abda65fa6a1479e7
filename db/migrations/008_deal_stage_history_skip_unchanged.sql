-- The backend saves a deal with all its columns, so UPDATE OF stage_id fires although the stage stays the same,
-- and the history fills with steps from a stage to itself. Only the function changes; the trigger stays.

-- migrate:up
CREATE OR REPLACE FUNCTION crm.track_deal_stage() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.stage_id = OLD.stage_id THEN
        RETURN NULL;
    END IF;
    INSERT INTO crm.deal_stage_history (deal_id, from_stage_id, to_stage_id, changed_by)
    VALUES (NEW.id, CASE WHEN TG_OP = 'UPDATE' THEN OLD.stage_id END, NEW.stage_id, crm.current_user_id());
    RETURN NULL;
END;
$$;

-- migrate:down
CREATE OR REPLACE FUNCTION crm.track_deal_stage() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO crm.deal_stage_history (deal_id, from_stage_id, to_stage_id, changed_by)
    VALUES (NEW.id, CASE WHEN TG_OP = 'UPDATE' THEN OLD.stage_id END, NEW.stage_id, crm.current_user_id());
    RETURN NULL;
END;
$$;
