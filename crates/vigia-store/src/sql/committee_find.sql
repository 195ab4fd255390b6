SELECT committee_bcs FROM committee WHERE epoch = $1
