-- Drafts are found however many posts were written since.
CREATE INDEX delivery_draft ON delivery (workspace_id, post_id) WHERE state = 'draft';
