int entries_max(void);
